// The tarball in real consumers: Node, and TypeScript under its two ways to resolve modules.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { installTarball, output, tsc } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(() => tarball?.remove());

/** Runs a module in the project; returns the JSON that it prints. */
function node(source, ...args) {
  const file = path.join(tarball.project, 'consumer.mjs');
  writeFileSync(file, source);
  return JSON.parse(output(process.execPath, [...args, file], tarball.project));
}

const KEY = readFileSync(path.join(ROOT, 'tests/keys/rsa-4096.pem'), 'utf8');
const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

test('Node imports the package and seals', () => {
  const inspected = node(`
    import { KmsPublicKey, Sealer, inspect } from 'kmseal';
    const keys = await KmsPublicKey.import(${JSON.stringify(KEY)}, { keyId: '${KEY_ID}' });
    const envelope = await new Sealer({ keys }).seal(new Blob(['hello']), { encryptionContext: { user: '7' } });
    console.log(JSON.stringify(await inspect(envelope)));
  `);
  assert.deepEqual(
    {
      keyIds: inspected.keyIds,
      encryptionContext: inspected.encryptionContext,
      plaintextSize: inspected.plaintextSize,
    },
    { keyIds: [KEY_ID], encryptionContext: { user: '7' }, plaintextSize: 5 },
  );
});

test('the package exports what is documented, and nothing else', () => {
  const names = node("console.log(JSON.stringify(Object.keys(await import('kmseal'))))");
  assert.deepEqual(names, [
    'KmsPublicKey',
    'KmsealError',
    'Opener',
    'RsaPublicKey',
    'Sealer',
    'generateRandom',
    'inspect',
    'load',
    'reseal',
  ]);
  assert.deepEqual(node("console.log(JSON.stringify(Object.keys(await import('kmseal/node'))))"), [
    'openFile',
    'respond',
  ]);
});

test('a server that renders pages can import the element and the uploaders without side effects', () => {
  const outcome = node(`
    const known = Reflect.ownKeys(globalThis).length;
    await import('kmseal/define');
    await import('kmseal/s3');
    const { KmsealFileElement } = await import('kmseal/element');
    console.log(JSON.stringify([typeof KmsealFileElement, KmsealFileElement.formAssociated, Reflect.ownKeys(globalThis).length - known]));
  `);
  assert.deepEqual(outcome, ['function', true, 0]);
});

test('everything but the Uppy plugin can be imported without Uppy', () => {
  const outcome = node(`
    const names = ['kmseal', 'kmseal/element', 'kmseal/s3', 'kmseal/tus', 'kmseal/uppy'];
    const imports = await Promise.allSettled(names.map((name) => import(name)));
    console.log(JSON.stringify(imports.map(({ reason }) => reason?.message.split(' imported')[0])));
  `);
  assert.deepEqual(outcome, [null, null, null, null, "Cannot find package '@uppy/core'"]);
});

test('the .wasm can be resolved and loaded by hand, and no other file can', () => {
  const outcome = node(`
    import { readFile } from 'node:fs/promises';
    import { load } from 'kmseal';
    await load(await readFile(new URL(import.meta.resolve('kmseal/kmseal.wasm'))));
    const hidden = await import('kmseal/dist/index.js').catch(({ code }) => code);
    console.log(JSON.stringify(hidden));
  `);
  assert.equal(outcome, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('the script for servers needs no file beside it', () => {
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

test('load() accepts a file: URL only of the very .wasm that was built', () => {
  const outcome = node(`
    import { readFile, writeFile } from 'node:fs/promises';
    import { load } from 'kmseal';
    const wasm = new URL(import.meta.resolve('kmseal/kmseal.wasm'));
    const tampered = new URL('tampered.wasm', import.meta.url);
    // One more custom section: the module does the same, but is not the one that was built.
    await writeFile(tampered, Buffer.concat([await readFile(wasm), Buffer.from([0, 5, 4, ...Buffer.from('evil')])]));
    const told = ({ code, message, cause }) => ({ code, kind: cause.kind ?? cause, cause: cause.cause?.code ?? null, message });
    const errors = [];
    for (const url of [tampered, new URL('missing.wasm', import.meta.url)]) errors.push(await load(url).then(() => 'loaded', told));
    await load(wasm);
    console.log(JSON.stringify(errors));
  `);
  const [tampered, missing] = outcome.map(({ message, ...verdict }) => ({ message, verdict }));
  assert.deepEqual(tampered.verdict, { code: 'ERR_LOAD', kind: 'another version', cause: null });
  assert.deepEqual(missing.verdict, { code: 'ERR_LOAD', kind: 'no file', cause: 'ENOENT' });
  assert.match(missing.message, /missing\.wasm could not be read; give the right path to load\(\), or nothing/);
});

test("require() returns the package, where Node's require accepts ES modules", () => {
  // From 20.19 and 22.12 on; earlier versions need a flag.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  const file = path.join(tarball.project, 'consumer.cjs');
  writeFileSync(
    file,
    "try { require('kmseal').load().then(() => console.log('loaded')); } catch ({ code }) { console.log(code); }",
  );
  assert.equal(
    output(process.execPath, ['--no-warnings', file], tarball.project).trim(),
    requires ? 'loaded' : 'ERR_REQUIRE_ESM',
  );
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

for (const { module, moduleResolution } of [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]) {
  test(`TypeScript compiles a strict consumer with moduleResolution ${moduleResolution}`, () => {
    const folder = path.join(tarball.project, moduleResolution);
    mkdirSync(folder);
    copyFileSync(path.join(ROOT, 'tests/types/strict/main.ts'), path.join(folder, 'main.ts'));
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      noEmit: true,
      // TypeScript's own: tests/package/types.test.mjs checks them.
      skipDefaultLibCheck: true,
      paths: { 'expect-type': [path.join(ROOT, 'node_modules/expect-type/dist/index.d.ts')] },
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
    assert.equal(tsc(['--project', folder], tarball.project), '');
  });
}
