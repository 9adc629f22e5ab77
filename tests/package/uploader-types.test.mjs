// The types of kmseal/tus and kmseal/uppy beside those of the uploaders that they are for.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/lib/run.mjs';
import { output } from '../support/tarball.mjs';

const CONSUMER = `
import AwsS3 from '@uppy/aws-s3';
import Uppy, { type UppyFile } from '@uppy/core';
import Tus from '@uppy/tus';
import { Sealer } from 'kmseal';
import { type TusOptions, tusOptions } from 'kmseal/tus';
import Seal, { type SealOpts } from 'kmseal/uppy';
import { Upload } from 'tus-js-client';

type Meta = { user: string };
type Body = Record<string, never>;

export function main(sealer: Sealer, file: File): void {
  const options: TusOptions = tusOptions(sealer, { encryptionContext: (file) => ({ size: String(file.size) }) });
  new Upload(file, { ...options, endpoint: '/files', chunkSize: 2 ** 20, onError: (error) => console.log(error.message) }).start();
  new Uppy().use(Tus, { ...options, endpoint: '/files' });

  // Uppy's use() does not pass its Meta on to a plugin's options, not to its own ones either.
  const opts: SealOpts = { sealer, rename: (index, file) => \`\${index}-\${file.meta['user']}\` };
  const uppy = new Uppy<Meta, Body>({ meta: { user: '7' } })
    .use(Seal, opts)
    .use(Seal, { sealer, id: 'Second', encryptionContext: { user: '7' }, locale: { strings: { sealing: '…' } } })
    .use(AwsS3, { signRequest: async ({ key }) => ({ url: key }) });
  uppy.on('seal:complete', (files: UppyFile<Meta, Body>[]) => console.log(files[0]?.meta.user));
  const plugin: Seal<Meta, Body> | undefined = uppy.getPlugin('Seal');
  console.log(plugin?.id, Seal.VERSION);

  // Mistakes that the types catch.
  // @ts-expect-error a sealer is needed
  uppy.use(Seal, {});
  // @ts-expect-error a name is text
  uppy.use(Seal, { sealer, rename: (index: number) => index });
  // @ts-expect-error a context holds strings
  tusOptions(sealer, { encryptionContext: { user: 7 } });
}
`;

for (const [module, moduleResolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
  test(`TypeScript compiles a strict consumer with uploaders, moduleResolution ${moduleResolution}`, () => {
    // In the project, whose packages it finds, kmseal among them by its own name.
    const folder = path.join(ROOT, 'target/uploader-types', moduleResolution);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'main.ts'), CONSUMER);
    const compilerOptions = {
      module, moduleResolution, target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable', 'esnext.disposable'], types: ['node'],
      strict: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true, noEmit: true,
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
    assert.equal(output(path.join(ROOT, 'node_modules/.bin/tsc'), ['--project', folder], ROOT), '');
  });
}
