// Constant memory, whatever the length of the stream and of its frames.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startSetting } from './setting.mjs';

const MIB = 2 ** 20;
const LIMIT = 64 * MIB;
const LENGTH = 96 * MIB;
const LONGEST = 16 * MIB;

let setting;
before(async () => {
  setting = await startSetting();
});
after(() => setting?.close());

/** Streams through the command, and measures before the last bytes, which would end it. */
async function peakOf(args, source) {
  const child = setting.start(args);
  child.stderr.resume();
  let received = 0;
  const chunks = [];
  child.stdout.on('data', (chunk) => {
    received += chunk.length;
    chunks.push(chunk);
  });
  const closed = once(child, 'close');
  let before;
  for (const chunk of source) {
    if (before && !child.stdin.write(before)) await once(child.stdin, 'drain');
    before = chunk;
  }
  // Bytes that are still on their way do not make it grow.
  const peak = 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]);
  child.stdin.end(before);
  assert.deepEqual(await closed, [0, null]);
  return { peak, received, chunks };
}

function* zeros() {
  const chunk = Buffer.alloc(MIB);
  for (let at = 0; at < LENGTH; at += MIB) yield chunk;
}

for (const frameLength of [262_144, LONGEST]) {
  test(`memory use stays bounded with frames of ${frameLength} bytes`, async () => {
    const sealed = await peakOf(['seal', '--key', 'key.json', '--frame-length', `${frameLength}`, '-'], zeros());
    assert.ok(sealed.received > LENGTH);
    const opened = await peakOf(['open', '--quiet', '-'], sealed.chunks);
    assert.equal(opened.received, LENGTH);
    const resealed = await peakOf(
      ['reseal', '--quiet', '--key', 'key.json', '--frame-length', `${frameLength}`, '-'],
      sealed.chunks,
    );
    assert.equal(resealed.received, sealed.received);
    const peaks = Object.entries({ sealed, opened, resealed }).map(([name, { peak }]) => [
      name,
      Math.round(peak / MIB),
    ]);
    for (const [name, peak] of peaks) assert.ok(peak <= LIMIT / MIB, `${name}: ${peak} MiB`);
  });
}
