// The tarball in real consumers: Node, and TypeScript under its two ways to resolve modules.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../scripts/lib/run.mjs';
import { installTarball, output } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(() => tarball?.remove());

/** Runs a module in the project; gives what it prints, as JSON. */
function node(source, ...args) {
  const file = path.join(tarball.project, 'consumer.mjs');
  writeFileSync(file, source);
  return JSON.parse(output(process.execPath, [...args, file], tarball.project));
}

const KEY = readFileSync(path.join(ROOT, 'tests/keys/rsa-4096.pem'), 'utf8');
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

test('Node imports it and seals', () => {
  const inspected = node(`
    import { KmsPublicKey, Sealer, inspect } from 'kmseal';
    const keys = await KmsPublicKey.import(${JSON.stringify(KEY)}, { keyId: '${KEY_ID}' });
    const envelope = await new Sealer({ keys }).seal(new Blob(['hello']), { encryptionContext: { user: '7' } });
    console.log(JSON.stringify(await inspect(envelope)));
  `);
  assert.deepEqual([inspected.keyIds, inspected.encryptionContext, inspected.plaintextSize], [[KEY_ID], { user: '7' }, 5]);
});

test('it exports what is documented, and nothing beside', () => {
  const names = node("console.log(JSON.stringify(Object.keys(await import('kmseal'))))");
  assert.deepEqual(names, ['KmsPublicKey', 'KmsealError', 'Opener', 'Sealer', 'generateRandom', 'inspect', 'load', 'reseal']);
  assert.deepEqual(node("console.log(JSON.stringify(Object.keys(await import('kmseal/node'))))"), ['openFile', 'respond']);
});

test('a server that renders pages imports the element and what uploads, and nothing happens', () => {
  const outcome = node(`
    const known = Reflect.ownKeys(globalThis).length;
    await import('kmseal/define');
    await import('kmseal/s3');
    const { KmsealFileElement } = await import('kmseal/element');
    console.log(JSON.stringify([typeof KmsealFileElement, KmsealFileElement.formAssociated, Reflect.ownKeys(globalThis).length - known]));
  `);
  assert.deepEqual(outcome, ['function', true, 0]);
});

test('without Uppy everything can be imported but its plugin', () => {
  const outcome = node(`
    const names = ['kmseal', 'kmseal/element', 'kmseal/s3', 'kmseal/tus', 'kmseal/uppy'];
    const imports = await Promise.allSettled(names.map((name) => import(name)));
    console.log(JSON.stringify(imports.map(({ reason }) => reason?.message.split(' imported')[0])));
  `);
  assert.deepEqual(outcome, [null, null, null, null, "Cannot find package '@uppy/core'"]);
});

test('the .wasm can be resolved and loaded by hand, and no other file', () => {
  const outcome = node(`
    import { readFile } from 'node:fs/promises';
    import { load } from 'kmseal';
    await load(await readFile(new URL(import.meta.resolve('kmseal/kmseal.wasm'))));
    const hidden = await import('kmseal/dist/index.js').catch(({ code }) => code);
    console.log(JSON.stringify(hidden));
  `);
  assert.equal(outcome, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('without the file beside it the script for servers has all that it needs', () => {
  const outcome = node(`
    import { rename } from 'node:fs/promises';
    import { load } from 'kmseal';
    const wasm = new URL(import.meta.resolve('kmseal/kmseal.wasm'));
    await rename(wasm, new URL('away.wasm', wasm));
    await load();
    await rename(new URL('away.wasm', wasm), wasm);
    console.log(JSON.stringify('loaded'));
  `);
  assert.equal(outcome, 'loaded');
});

test('what load() is given by a file: URL must be the very .wasm that was built', () => {
  const outcome = node(`
    import { readFile, writeFile } from 'node:fs/promises';
    import { load } from 'kmseal';
    const wasm = new URL(import.meta.resolve('kmseal/kmseal.wasm'));
    const tampered = new URL('tampered.wasm', import.meta.url);
    // A custom section more: it does the same, and yet is not the one that was built.
    await writeFile(tampered, Buffer.concat([await readFile(wasm), Buffer.from([0, 5, 4, ...Buffer.from('evil')])]));
    const told = ({ code, message, cause }) => [code, cause.kind ?? cause, cause.cause?.code ?? null, message];
    const errors = [];
    for (const url of [tampered, new URL('missing.wasm', import.meta.url)]) errors.push(await load(url).then(() => 'loaded', told));
    await load(wasm);
    console.log(JSON.stringify(errors));
  `);
  assert.deepEqual(outcome[0].slice(0, 3), ['ERR_LOAD', 'another version', null]);
  assert.deepEqual(outcome[1].slice(0, 3), ['ERR_LOAD', 'no file', 'ENOENT']);
  assert.match(outcome[1][3], /missing\.wasm could not be read; give the right path to load\(\), or nothing/);
});

test("require() gives the package, where Node's requires ES modules", () => {
  // From 20.19 and 22.12 on; before that a flag is needed.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  const file = path.join(tarball.project, 'consumer.cjs');
  writeFileSync(file, "try { require('kmseal').load().then(() => console.log('loaded')); } catch ({ code }) { console.log(code); }");
  assert.equal(output(process.execPath, ['--no-warnings', file], tarball.project).trim(), requires ? 'loaded' : 'ERR_REQUIRE_ESM');
});

// A timer of the cache, or a port of the event loop, would keep the process alive; the test runner would wait, too.
test('a sealer with a cache lets the process end', () => {
  const outcome = node(`
    import { KmsPublicKey, Sealer } from 'kmseal';
    const keys = await KmsPublicKey.import(${JSON.stringify(KEY)}, { keyId: '${KEY_ID}' });
    const sealer = new Sealer({ keys, engine: 'wasm', cache: { maxAge: 600_000 } });
    console.log(JSON.stringify((await sealer.seal(new Uint8Array(10))).length === sealer.sealedSize(10)));
  `);
  assert.equal(outcome, true);
});

const CONSUMER = `
import { expectTypeOf } from 'expect-type';
import {
  KmsPublicKey, KmsealError, Opener, Sealer, generateRandom, inspect, load, reseal,
  type EncryptionContext, type GetPublicKeyOutput, type KmsealErrorCode, type OpenOptions, type RangeSource, type SealOptions, type SealedFile,
} from 'kmseal';
import { KmsealFileElement } from 'kmseal/element';
import 'kmseal/define';
import { uploadSealed, type Sign, type UploadResult } from 'kmseal/s3';

// What AWS's SDK gives and takes, with its optional fields.
interface Kms {
  getPublicKey(): Promise<{ KeyId?: string | undefined; PublicKey?: Uint8Array<ArrayBuffer> | undefined; KeySpec?: 'RSA_4096' | 'ECC_NIST_P256' | undefined }>;
  send(input: { KeyId: string; CiphertextBlob: Uint8Array; EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256' },
    options: { abortSignal?: AbortSignal | undefined }): Promise<{ KeyId?: string; Plaintext?: Uint8Array }>;
}
declare const kms: Kms;
declare const answer: GetPublicKeyOutput;

export async function main(file: File, signal: AbortSignal): Promise<void> {
  await load(new URL('https://example.com/kmseal.wasm'));
  const key: KmsPublicKey = await KmsPublicKey.import(await kms.getPublicKey(), { fingerprint: 'SHA256:' });
  await KmsPublicKey.import(answer);
  const blob: Uint8Array<ArrayBuffer> = key.encrypt(generateRandom(16));
  const { plaintext, ciphertextBlob }: { plaintext: Uint8Array<ArrayBuffer>; ciphertextBlob: Uint8Array<ArrayBuffer> } = key.generateDataKey();
  const context: EncryptionContext = { user: '7' };
  const options: SealOptions = { encryptionContext: context, signal, onProgress: ({ loaded, total }) => console.log(loaded / (total ?? 1)) };
  const sealer = new Sealer({ keys: [key], cache: { maxAge: 60_000 }, engine: 'auto' });
  const sealed: Blob = await sealer.seal(file, options);
  const bytes: Uint8Array<ArrayBuffer> = await sealer.seal(new DataView(plaintext.buffer, 1), options);
  const stream: ReadableStream<Uint8Array<ArrayBuffer>> = await sealer.seal(file.stream(), { ...options, size: file.size });
  const prepared: SealedFile = await sealer.prepare(file, options);
  const part: Blob = await prepared.slice(0, prepared.size, { signal });
  // Whatever it is, and bytes of any kind of memory, of which shared memory is refused when it is seen.
  for (const source of [ciphertextBlob, blob, bytes, part, stream, bytes as Uint8Array]) await sealer.seal(source, options);
  prepared.close();

  const opener = new Opener({
    keyIds: [key.keyId],
    decrypt: (input, { signal }) => kms.send(input, { abortSignal: signal }),
    cache: { maxAge: 60_000, capacity: 10 },
  });
  const expected: OpenOptions = { encryptionContext: context, signal };
  const opened: { plaintext: Blob; encryptionContext: EncryptionContext; keyId: string } = await opener.open(sealed, expected);
  const frames: number | undefined = (await inspect(opened.plaintext)).frames;
  const size: number | undefined = (await opener.openRange(sealed, -10)).size;
  const range: ReadableStream<Uint8Array<ArrayBuffer>> =
    (await opener.openRange({ size: sealed.size, read: async (start, end) => (await sealed.slice(start, end).arrayBuffer()) }, 0, 10, expected)).plaintext;
  const moved: Blob = await reseal(sealed, { opener, sealer, signal });
  const source: RangeSource = { size: 10, read: async (start, end, { signal }) => (signal?.aborted ? new ArrayBuffer(0) : new Uint8Array(end - start)) };
  console.log(frames, size, range, moved);

  // Exactly these, where an annotation would let any pass.
  type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;
  expectTypeOf(sealer.seal(file)).toEqualTypeOf<Promise<Blob>>();
  expectTypeOf(sealer.seal(bytes)).toEqualTypeOf<Promise<Uint8Array<ArrayBuffer>>>();
  expectTypeOf(sealer.seal(stream)).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(sealer.seal(file as Blob | Uint8Array)).toEqualTypeOf<Promise<Blob | Uint8Array<ArrayBuffer> | Stream>>();
  expectTypeOf(sealer.prepare(file)).toEqualTypeOf<Promise<SealedFile>>();
  expectTypeOf((await opener.open(sealed)).plaintext).toEqualTypeOf<Blob>();
  expectTypeOf((await opener.open(bytes)).plaintext).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf((await opener.open(stream)).plaintext).toEqualTypeOf<Stream>();
  expectTypeOf((await opener.openRange(sealed)).plaintext).toEqualTypeOf<Blob>();
  expectTypeOf(reseal(bytes, { opener, sealer })).toEqualTypeOf<Promise<Uint8Array<ArrayBuffer>>>();
  expectTypeOf(sealer.seal(source, options)).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(sealer.prepare(source)).toEqualTypeOf<Promise<SealedFile>>();
  expectTypeOf((await opener.open(source, { idleTimeout: 30_000 })).plaintext).toEqualTypeOf<Stream>();
  expectTypeOf((await opener.openRange(source, 0, 10, { idleTimeout: 30_000 })).plaintext).toEqualTypeOf<Stream>();
  expectTypeOf(reseal(source, { opener, sealer, idleTimeout: 30_000 })).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(key.fingerprint).toEqualTypeOf<string>();
  expectTypeOf<KmsealError['code']>().toEqualTypeOf<KmsealErrorCode>();

  // Mistakes that the types catch.
  // @ts-expect-error a context holds strings
  await sealer.seal(file, { encryptionContext: { user: 7 } });
  // @ts-expect-error the length of bytes is known
  await sealer.seal(bytes, { size: 7 });
  // @ts-expect-error text is not sealed
  await sealer.seal('text');
  // @ts-expect-error there is no such engine
  new Sealer({ keys: key, engine: 'native' });
  // @ts-expect-error a key is imported
  new KmsPublicKey();
  // @ts-expect-error the opener needs keys
  new Opener({ decrypt: async () => ({}) });
}

export function form(sealer: Sealer): void {
  const element = document.createElement('kmseal-file');
  element.sealer = sealer;
  element.encryptionContext = { user: '7' };
  element.texts = { missing: 'Wähle eine Datei.', notReady: 'Bitte laden Sie die Seite neu.' };
  element.keySrc = '/kms-public-key.json';
  element.required = element.multiple = true;
  const files: readonly File[] = document.querySelector('kmseal-file')!.files;
  element.addEventListener('beforeseal', (event) => {
    if (event.detail.file.size > 1_000_000) event.preventDefault();
  });
  element.addEventListener('seal', ({ detail: { file, sealed } }) => console.log(file.name, sealed.size, files.length));
  element.addEventListener('sealerror', function ({ detail }) {
    console.log(this.validationMessage, tell(detail.error));
  });
  element.addEventListener('focus', (event: FocusEvent) => console.log(event.relatedTarget));
  const own: KmsealFileElement = element;
  customElements.define('my-file', class extends KmsealFileElement {});
  console.log(own.form?.action, own.validity.valueMissing);
  // @ts-expect-error a context holds strings
  element.encryptionContext = { user: 7 };
  // @ts-expect-error there is no such text
  element.texts = { hello: '' };
  element.encryptionContext = JSON.stringify({ user: '7' });
  element.encryptionContext = null;
  element.files = [new File([], 'a')];
  element.files = document.querySelector('input')!.files;
  element.value = '';
  // @ts-expect-error Blobs have no names
  element.files = [new Blob([])];
}

export async function upload(file: File, sealer: Sealer, signal: AbortSignal): Promise<string> {
  const post = (step: string) => (request: object, options: { signal: AbortSignal }) =>
    fetch(step, { method: 'POST', body: JSON.stringify(request), signal: options.signal });
  const sign: Sign = { put: post('put'), create: post('create'), part: post('part'), complete: post('complete'), abort: post('abort') };
  const result: UploadResult = await uploadSealed(file, { sealer, sign, encryptionContext: { user: '7' }, signal });
  await uploadSealed(file, {
    sealer,
    sign: {
      put: ({ size }) => ({ url: '/' + size }),
      create: async () => ({ key: 'a' }),
      // What create answers is known to the others.
      part: async ({ upload, number }) => ({ url: '/' + upload.key + number, headers: { 'content-type': 'text/plain' } }),
      complete: ({ parts }) => parts.map(({ ETag }) => ETag),
      abort: ({ upload }) => upload?.key,
    },
    onProgress: ({ loaded, total }) => console.log(loaded / total),
    resume: async ({ status, part }) => (status ?? 0) >= 500 && part === 1,
  });
  // @ts-expect-error all of them are needed
  await uploadSealed(file, { sealer, sign: { put: post('put') } });
  return JSON.stringify([result.size, result.completed]);
}

export function tell(error: unknown): string {
  if (!(error instanceof KmsealError)) throw error;
  const code: KmsealErrorCode = error.code;
  // @ts-expect-error there is no such code
  if (code === 'ERR_NONE') return '';
  return code === 'ERR_SOURCE_CHANGED' ? 'choose it again' : error.message;
}
`;

for (const [module, moduleResolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
  test(`TypeScript compiles a strict consumer, moduleResolution ${moduleResolution}`, () => {
    const folder = path.join(tarball.project, moduleResolution);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'main.ts'), CONSUMER);
    const compilerOptions = {
      module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [],
      strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true, noEmit: true,
      skipLibCheck: false, paths: { 'expect-type': [path.join(ROOT, 'node_modules/expect-type/dist/index.d.ts')] },
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
    assert.equal(output(path.join(ROOT, 'node_modules/.bin/tsc'), ['--project', folder], tarball.project), '');
  });
}
