// What the demo's server prints while it starts and stops: nothing. `npm start` adds its own lines, and no others stand among them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = new URL('../../', import.meta.url);
const START = `
const { startDemo } = await import('${new URL('www/server/demo.mjs', ROOT)}');
const { freePort } = await import('${new URL('tools/child.mjs', ROOT)}');
const port = await freePort();
const starting = startDemo({ ports: [port] });
// As soon as it listens, which is long before it is ready.
const signal = AbortSignal.timeout(120_000);
const ask = () => fetch('http://127.0.0.1:' + port, { signal }).catch((error) => (signal.aborted ? Promise.reject(error) : ask()));
const answer = await ask();
if (!answer.ok) throw new Error(String(answer.status));
await answer.text();
const demo = await starting;
await demo.close();`;

test('the demo starts, serves a page that was asked for early, and stops without printing a line', async () => {
  // As in a reader's shell, and not as `npm test` sets it.
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _, NODE_OPTIONS: __, ...env } = process.env;
  const options = { env, cwd: fileURLToPath(ROOT) };
  const printed = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', START], options);
  assert.deepEqual(printed, { stdout: '', stderr: '' });
});
