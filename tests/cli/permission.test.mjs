// Who may do what, with IAM enforced: the command names the statement that is missing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { startSetting } from './setting.mjs';

let setting;
let iam;
before(async () => {
  setting = await startSetting({ auth: true });
  iam = new IAMClient(setting.kms.emulator.config);
});
after(async () => {
  iam?.destroy();
  await setting?.close();
});

/** Credentials of a user who may do this with the key. */
async function user(UserName, Action) {
  await iam.send(new CreateUserCommand({ UserName }));
  const Statement = [{ Effect: 'Allow', Action, Resource: setting.key.KeyId }];
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'kms', PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { AWS_ACCESS_KEY_ID: AccessKey.AccessKeyId, AWS_SECRET_ACCESS_KEY: AccessKey.SecretAccessKey };
}

test('the publisher gets the key and cannot open, the opener opens and cannot get the key', async () => {
  const publisher = { env: await user('publisher', 'kms:GetPublicKey') };
  const opener = { env: await user('opener', 'kms:Decrypt') };
  const id = setting.key.KeyId;
  setting.folder.write('published.json', await setting.succeeds(['key', id], publisher));
  await setting.succeeds(['seal', '--key', 'published.json', '--output', 'x.kmseal', '-'], { input: 'secret' });
  const statement = (action) => new RegExp(`kms:${action} .*\\{"Effect":"Allow","Action":"kms:${action}","Resource":"${id}"\\}.*AccessDenied`);
  await setting.fails(['open', 'x.kmseal'], 5, statement('Decrypt'), publisher);
  await setting.fails(['key', id], 5, statement('GetPublicKey'), opener);
  assert.equal((await setting.succeeds(['open', '--output', '-', 'x.kmseal'], opener)).toString(), 'secret');
  const wrong = { env: { ...opener.env, AWS_SECRET_ACCESS_KEY: 'wrong' } };
  await setting.fails(['open', 'x.kmseal'], 5, /credentials are missing, wrong or expired/, wrong);
});
