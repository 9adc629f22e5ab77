// Permissions with IAM enforced: the command names the missing statement.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createUser } from '../support/servers/iam.mjs';
import { startSetting } from './setting.mjs';

let setting;
before(async () => {
  setting = await startSetting({ auth: true });
});
after(() => setting?.close());

/** Credentials of a user who may do this with the key. */
async function user(name, action) {
  const { accessKeyId, secretAccessKey } = await createUser(setting.kms.emulator, name, action, setting.key.KeyId);
  return { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
}

test('the publisher can get the key but not open, and the opener can open but not get the key', async () => {
  const publisher = { env: await user('publisher', 'kms:GetPublicKey') };
  const opener = { env: await user('opener', 'kms:Decrypt') };
  const id = setting.key.KeyId;
  setting.folder.write('published.json', await setting.succeeds(['key', id], publisher));
  await setting.succeeds(['seal', '--key', 'published.json', '--output', 'x.kmseal', '-'], { input: 'secret' });
  const statement = (action) =>
    new RegExp(`kms:${action} .*\\{"Effect":"Allow","Action":"kms:${action}","Resource":"${id}"\\}.*AccessDenied`);
  await setting.fails(['open', 'x.kmseal'], 5, statement('Decrypt'), publisher);
  await setting.fails(['key', id], 5, statement('GetPublicKey'), opener);
  assert.equal((await setting.succeeds(['open', '--output', '-', 'x.kmseal'], opener)).toString(), 'secret');
  const wrong = { env: { ...opener.env, AWS_SECRET_ACCESS_KEY: 'wrong' } };
  await setting.fails(['open', 'x.kmseal'], 5, /credentials are missing, wrong or expired/, wrong);
});
