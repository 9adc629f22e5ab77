// A developer who works with AWS, or behind a proxy, has settings of both in the shell. `npm start` and `npm test` still reach the emulator, and nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startEmulator } from '../../tools/emulator.mjs';
import { venv } from '../../tools/venv.mjs';

const NOWHERE = 'http://127.0.0.1:1';
const SHELL = {
  AWS_PROFILE: 'prod',
  AWS_SESSION_TOKEN: 'of another account',
  AWS_ENDPOINT_URL_KMS: NOWHERE,
  AWS_MAX_ATTEMPTS: '1',
  HTTP_PROXY: NOWHERE,
  http_proxy: NOWHERE,
  no_proxy: 'example.com',
};
const ASK = "import boto3; print(boto3.client('kms').create_key()['KeyMetadata']['KeySpec'])";

test("AWS's and proxies' settings of a shell do not reach what is started for an emulator", async () => {
  const emulator = await startEmulator();
  try {
    const python = JSON.stringify([await venv('interop'), ['-c', ASK]]);
    const program = `
      import { execFileSync } from 'node:child_process';
      import { forgetShellSettings } from '${new URL('../../tools/shell-settings.mjs', import.meta.url)}';
      forgetShellSettings();
      Object.assign(process.env, ${JSON.stringify(emulator.env)});
      console.log(process.env.no_proxy);
      console.log(execFileSync(...${python}, { encoding: 'utf8' }));`;
    const env = { ...process.env, ...SHELL };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
    assert.deepEqual(stdout.trim().split('\n'), ['example.com,localhost,127.0.0.1', 'SYMMETRIC_DEFAULT']);
  } finally {
    await emulator.stop();
  }
});
