// kmseal beside the uploaders that it works with: npm installs them together without a flag, and the plugin for Uppy seals in each.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { installTarball, output } from '../support/tarball.mjs';

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
const sealer = new Sealer({ keys: await KmsPublicKey.import(publicKey, { keyId }) });
const uppy = new Uppy().use(Seal, { sealer, encryptionContext: { user: '7' } });
uppy.addFile({ name: 'paper.txt', type: 'text/plain', data: new File(['secret'], 'paper.txt') });
const uploaded = [];
uppy.addUploader(async (ids) => void uploaded.push(...ids.map((id) => uppy.getFile(id))));
await uppy.upload();
const [{ name, data }] = uploaded;
const { encryptionContext, plaintextSize } = await inspect(data);
console.log(JSON.stringify([name, encryptionContext, plaintextSize]));
`;

for (const [peer, source] of [['@uppy/core@5', SEALED], ['@uppy/core@6', SEALED], ['tus-js-client@4', "import 'tus-js-client'; import 'kmseal/tus';"]]) {
  test(`npm installs kmseal beside ${peer} without a flag, and they work together`, () => {
    const folder = tarball.project;
    rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true });
    rmSync(path.join(folder, 'package-lock.json'), { force: true });
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
    output('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', peer], folder);
    output('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball.archive], folder);
    writeFileSync(path.join(folder, 'consumer.mjs'), source);
    const printed = output(process.execPath, ['consumer.mjs'], folder).trim();
    if (source === SEALED) assert.deepEqual(JSON.parse(printed), ['file-1.kmseal', { user: '7' }, 6]);
  });
}
