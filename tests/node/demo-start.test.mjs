// What the demo's server prints while it starts and stops: nothing. `npm start` adds its own lines, and no others stand among them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const DEMO = new URL('../../www/server/demo.mjs', import.meta.url);
const START = `
const { startDemo } = await import('${DEMO}');
const demo = await startDemo({ ports: [0] });
const answer = await fetch(demo.origin);
if (!answer.ok) throw new Error(String(answer.status));
await answer.text();
await demo.close();`;

test('the demo starts, serves a page and stops without printing a line', async () => {
  // As in a reader's shell, and not as `npm test` sets it.
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: _, NODE_OPTIONS: __, ...env } = process.env;
  const options = { env, cwd: fileURLToPath(new URL('../..', import.meta.url)) };
  const printed = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', START], options);
  assert.deepEqual(printed, { stdout: '', stderr: '' });
});
