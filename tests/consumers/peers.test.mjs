// kmseal next to the uploaders that it works with: npm installs them together without a flag, and the plugin for Uppy seals in each.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { installTarball, output, tsc } from '../support/tarball.mjs';

let tarball;
before(() => {
  tarball = installTarball();
});
after(() => tarball?.remove());

const SEALED = `
import Uppy from '@uppy/core';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import Seal from 'kmseal/uppy';
import { generateKeyPairSync } from 'node:crypto';

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' } });
const keyId = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const sealer = new Sealer({ keys: [await KmsPublicKey.import(publicKey, { keyId })] });
const uppy = new Uppy().use(Seal, { sealer, encryptionContext: { user: '7' } });
uppy.addFile({ name: 'paper.txt', type: 'text/plain', data: new File(['secret'], 'paper.txt') });
const uploaded = [];
uppy.addUploader(async (ids) => void uploaded.push(...ids.map((id) => uppy.getFile(id))));
await uppy.upload();
const [{ name, data }] = uploaded;
const { encryptionContext, plaintextSize } = await inspect(data);
console.log(JSON.stringify([name, encryptionContext, plaintextSize]));
`;

for (const { peer, version, source } of [
  { peer: '@uppy/core', version: '5', source: SEALED },
  { peer: '@uppy/core', version: '6', source: SEALED },
  { peer: 'tus-js-client', version: '4', source: "import 'tus-js-client'; import 'kmseal/tus';" },
]) {
  test(`npm installs kmseal beside ${peer}@${version} without a flag, and they work together`, () => {
    const folder = tarball.project;
    rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true });
    rmSync(path.join(folder, 'package-lock.json'), { force: true });
    writeFileSync(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: 'consumer', private: true, type: 'module', dependencies: { [peer]: version } }),
    );
    output('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball.archive], folder);
    writeFileSync(path.join(folder, 'consumer.mjs'), source);
    const printed = output(process.execPath, ['consumer.mjs'], folder).trim();
    if (source === SEALED) assert.deepEqual(JSON.parse(printed), ['file-1.kmseal', { user: '7' }, 6]);
  });
}

// As pnpm without hoisting and Yarn's Plug'n'Play do: in a workspace a package sees only what it names itself.
test('a strict installer links the frameworks of a project, so that their types know the element', () => {
  const root = mkdtempSync(path.join(tmpdir(), 'kmseal-strict-'));
  try {
    const app = path.join(root, 'app');
    const versions = { react: '19', '@types/react': '19', preact: '10', 'solid-js': '1', svelte: '5', vue: '3' };
    const dependencies = { kmseal: `file:${tarball.archive}`, ...versions };
    const packageOf = (more) => JSON.stringify({ private: true, type: 'module', ...more });
    mkdirSync(app);
    writeFileSync(path.join(root, 'package.json'), packageOf({ name: 'workspace', workspaces: ['app'] }));
    writeFileSync(path.join(app, 'package.json'), packageOf({ name: 'app', dependencies }));
    const install = [
      'install',
      '--install-strategy=linked',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
    ];
    output('npm', install, root);
    const types = ['react', 'preact', 'solid', 'svelte', 'vue'].map((name) => `import type {} from 'kmseal/${name}';`);
    const element =
      'import \'kmseal/define\';\nexport const element = <kmseal-file name="doc" onseal={({ detail }) => detail.sealed.name} />;';
    writeFileSync(path.join(app, 'page.tsx'), [...types, element].join('\n'));
    const compilerOptions = ['--strict', '--noEmit', '--skipLibCheck', '--jsx', 'react-jsx', '--target', 'es2022'];
    const modules = ['--module', 'preserve', '--moduleResolution', 'bundler', '--lib', 'es2023,dom,dom.iterable'];
    tsc([...compilerOptions, ...modules, 'page.tsx'], app);
  } finally {
    rmSync(root, { recursive: true });
  }
});
