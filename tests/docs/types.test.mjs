// The JavaScript of the pages is TypeScript, too: every block compiles, with only its parameters left without types.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { javascriptTools, typeTools } from '../../tools/npm.mjs';
import { ROOT } from '../../tools/run.mjs';
import { tsc } from '../support/tarball.mjs';
import { PAGES, blocksOf } from './blocks.mjs';

/** In the project, whose packages the blocks find, kmseal among them by its own name. */
const FOLDER = path.join(ROOT, 'target', 'docs-types');

/** Variables that the text around the blocks introduces. */
const GIVEN = `
import type * as http from 'node:http';
import type * as kmseal from 'kmseal';
import type { S3Client } from '@aws-sdk/client-s3';
import type { NodeJsClient } from '@smithy/types';
declare global {
  const file: File;
  const signal: AbortSignal;
  const encryptionContext: kmseal.EncryptionContext;
  const recording: ReadableStream<Uint8Array<ArrayBuffer>>;
  const key: kmseal.KmsPublicKey;
  const sealer: kmseal.Sealer;
  const envelope: Uint8Array;
  const description: Uint8Array;
  const keyId: string;
  const decrypt: (input: kmseal.DecryptInput, options: kmseal.DecryptOptions) => Promise<kmseal.DecryptOutput>;
  const headers: Record<string, string>;
  const kms: import('@aws-sdk/client-kms').KMSClient;
  const token: string, nearArn: string, farArn: string, newArn: string, oldArn: string;
  const requestHandler: { requestTimeout: number };
  const id: string, messageId: string;
  const serverOf: (id: string) => import('kmseal/s3').StreamUploadServer;
  const camera: any, uppy: any;
  const fileId: string, store: import('kmseal/store').UploadStore;
  const resumeTusOptions: typeof import('kmseal/tus').resumeTusOptions;
  const header: Uint8Array;
  const session: { user: string };
  const target: any;
  const s3: NodeJsClient<S3Client>;
  const Bucket: string;
  const Key: string;
  const ContentLength: number;
  const Body: AsyncIterable<Uint8Array>;
  const readFromS3: (range: string, signal?: AbortSignal) => Promise<Uint8Array>;
  const read: kmseal.RangeSource['read'];
  const response: http.ServerResponse;
  const onSuccess: () => void;
  const onError: (error: Error) => void;
  const signRequest: () => Promise<{ url: string }>;
  const handle: (request: Request, user: string) => Promise<Response>;
  const openDownload: (id: string, options: { signal: AbortSignal }) => Promise<kmseal.OpenRangeResult<ReadableStream<Uint8Array<ArrayBuffer>>>>;
  const find: (id: string) => Promise<{ Bucket: string; Key: string; encryptionContext: kmseal.EncryptionContext }>;
  const idsOf: (request: http.IncomingMessage) => string[];
  // docs/own-keys.md: two keys, and what speaks to an HSM or another cloud.
  const eccKey: kmseal.KmsPublicKey, mlKemKey: kmseal.KmsPublicKey;
  const getPublicKeyAnswer: kmseal.GetPublicKeyOutput, kmsPublicKey: kmseal.GetPublicKeyOutput, offlinePublicKey: kmseal.RawPublicKeyOutput;
  const deriveSharedSecret: NonNullable<kmseal.OpenerOptions['deriveSharedSecret']>;
  const keyArn: string, pem: string, keyVersionName: string, kmsFingerprint: string, offlineFingerprint: string;
  const pkcs8: Uint8Array<ArrayBuffer>;
  // examples/lib/failures.mjs
  const Refused: new (reason: string) => Error;
  const hsm: any, pkcs11js: any, session: any, keyHandle: any, google: any, azure: any;
  // A framework's own.
  const uploadDir: string, keep: (kept: object) => Promise<void>;
  const app: any, express: any, server: any, awslambda: any, defineEventHandler: any, getRouterParam: any;
}
`;

/** Frameworks that are installed beside their own tests, where the blocks run: here they have no types. */
const WITHOUT_TYPES = [
  '@nestjs/common',
  '@tanstack/react-form',
  '@testing-library/react',
  '@testing-library/user-event',
  'archiver',
  'formik',
  'jquery',
  'jquery-form',
  'react-hook-form',
  'tar-stream',
  'vitest',
  'yazl',
];

/** Pages of browsers, whose blocks see lib.dom. Those of the other pages run in Node, whose streams have other types. */
const IN_BROWSERS = [
  'README.md',
  'docs/form.md',
  'docs/hosting.md',
  'docs/operate.md',
  'docs/seal.md',
  'docs/uploads.md',
  'docs/uppy.md',
];

/** Angular's compiler checks this one: tests/consumers/angular20.test.mjs. */
const CHECKED_ELSEWHERE = ['Angular'];

/** Names for which lib.dom has another type: a page's elements are what its HTML says, which no type knows. */
const SHADOWED = {
  opener: "import('kmseal').Opener",
  document:
    "{ querySelector(selector: string): any; createElement(name: string): any; addEventListener: Document['addEventListener'] }",
};

/** The rest of a block's imports, which readers know where to get. */
const IMPORTS = {
  KMSClient: '@aws-sdk/client-kms',
  inspect: 'kmseal',
  KmsPublicKey: 'kmseal',
  Opener: 'kmseal',
  S3Client: '@aws-sdk/client-s3',
  Sealer: 'kmseal',
};

function moduleOf(code) {
  const named = (name) => new RegExp(`\\b${name}\\b`);
  const imported = (name) => new RegExp(`import [^;]*\\b${name}\\b`).test(code);
  const commands = [...new Set(code.match(/\b\w+Command\b/g))].map((name) => [
    name,
    name.startsWith('Decrypt') ? '@aws-sdk/client-kms' : '@aws-sdk/client-s3',
  ]);
  const needed = Object.entries({ ...IMPORTS, ...Object.fromEntries(commands) }).filter(
    ([name]) => named(name).test(code) && !imported(name),
  );
  const given = Object.entries(SHADOWED).filter(
    ([name]) => named(name).test(code) && !new RegExp(`const ${name}\\b`).test(code),
  );
  const shadowing = given.map(([name, type]) => `declare const ${name}: ${type};`).join('\n');
  // Node's own has no types of what a server answers.
  const fetch = /^\/\/ in the page/.test(code) ? 'declare const fetch: (...given: any[]) => Promise<any>;' : '';
  return `${shadowing}\n${fetch}\n${needed.map(([name, from]) => `import { ${name} } from '${from}';`).join('\n')}\n${code}\nexport {};\n`;
}

let react;
let awsCrypto;

/** Writes the blocks of a page, under the names that their first lines give. */
function writeBlocks(page) {
  const folder = page.replace(/\W+/g, '-');
  mkdirSync(path.join(FOLDER, folder));
  const blocks = blocksOf(page).filter(
    ({ heading, language }) => ['js', 'ts', 'jsx', 'tsx'].includes(language) && !CHECKED_ELSEWHERE.includes(heading),
  );
  return blocks.map(({ heading, language, code }, at) => {
    const name = /^\/\/ (\w[\w.-]*)\.[jt]sx?\b/.exec(code)?.[1] ?? `${at}-${heading.replace(/\W+/g, '-')}`;
    const file = path.join(folder, `${name}.${language.endsWith('x') ? 'tsx' : 'ts'}`);
    writeFileSync(path.join(FOLDER, file), moduleOf(code));
    return file;
  });
}

/** Compiles these pages' blocks; what the compiler says. */
function compile(name, pages, lib) {
  const files = pages.flatMap(writeBlocks);
  assert.ok(files.length >= 10, `${files.length} blocks`);
  const compilerOptions = {
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable', ...lib],
    types: ['node'],
    strict: true,
    noImplicitAny: false,
    useUnknownInCatchVariables: false,
    noEmit: true,
    skipLibCheck: true,
    experimentalDecorators: true,
    jsx: 'react-jsx',
    paths: {
      react: [react],
      'react/jsx-runtime': [`${react}/jsx-runtime`],
      '@aws-crypto/client-node': [awsCrypto],
    },
  };
  const given = ['given.d.ts', 'without-types.d.ts', ...(lib.length > 0 ? ['react.d.ts'] : [])];
  writeFileSync(path.join(FOLDER, name), JSON.stringify({ compilerOptions, files: [...given, ...files] }));
  return tsc(['--project', path.join(FOLDER, name), '--pretty', 'false'], FOLDER);
}

before(async () => {
  react = path.join(await typeTools(), 'node_modules/@types/react');
  awsCrypto = path.join(await javascriptTools(), 'node_modules/@aws-crypto/client-node');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(path.join(FOLDER, 'given.d.ts'), GIVEN);
  writeFileSync(
    path.join(FOLDER, 'without-types.d.ts'),
    WITHOUT_TYPES.map((name) => `declare module '${name}';\n`).join(''),
  );
  writeFileSync(path.join(FOLDER, 'react.d.ts'), "import type {} from 'kmseal/react';\n");
});

test('every block of JavaScript and TypeScript on the pages for browsers compiles as TypeScript', () => {
  assert.equal(
    compile(
      'browsers.json',
      PAGES.filter((page) => IN_BROWSERS.includes(page)),
      ['dom', 'dom.iterable'],
    ),
    '',
  );
});

test('every block of JavaScript and TypeScript on the other pages compiles as TypeScript without lib.dom', () => {
  assert.equal(
    compile(
      'servers.json',
      PAGES.filter((page) => !IN_BROWSERS.includes(page)),
      [],
    ),
    '',
  );
});
