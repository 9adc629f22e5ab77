// openFile of kmseal/node: a file's true size, its bytes, and every change to it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import promises, { chmod, mkdtemp, open, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openFile } from 'kmseal/node';
import { sample } from '../support/page/bytes.mjs';

const BYTES = Buffer.from(sample(100_000));

let folder;
let place;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kmseal-open-file-'));
  let files = 0;
  place = () => path.join(folder, `file-${files++}`);
});
after(() => rm(folder ?? '', { recursive: true, force: true }));

/** A file of these bytes, opened. */
async function opened(bytes = BYTES) {
  const name = place();
  await writeFile(name, bytes);
  return { name, file: await openFile(name) };
}

test('openFile reads any part and no other bytes', async () => {
  const { file } = await opened();
  assert.equal(file.size, BYTES.length);
  for (const { start, end } of [
    { start: 0, end: BYTES.length },
    { start: 0, end: 1 },
    { start: 7, end: 7 },
    { start: BYTES.length, end: BYTES.length },
    { start: 99_999, end: 100_000 },
  ]) {
    assert.deepEqual(Buffer.from(await file.read(start, end)), BYTES.subarray(start, end));
  }
  for (const range of [[-1, 1], [2, 1], [0, BYTES.length + 1], [0.5, 1], [0, NaN], ['0', 1], [0]]) {
    await assert.rejects(file.read(...range), RangeError);
  }
  await file.close();
});

test("openFile reads where a loader's files take nothing but a Buffer to read into, as those of Yarn's Plug'n'Play", async (t) => {
  const real = promises.open;
  const reads = [];
  t.mock.method(promises, 'open', async (...args) => {
    const handle = await real(...args);
    const read = handle.read.bind(handle);
    handle.read = (buffer, ...rest) => {
      // It reads into the `buffer` of anything else, as of options.
      assert.ok(Buffer.isBuffer(buffer));
      reads.push(rest);
      return read(buffer, ...rest);
    };
    return handle;
  });
  syncBuiltinESMExports();
  try {
    const { file } = await opened();
    assert.deepEqual(Buffer.from(await file.read(70_000, 90_000)), BYTES.subarray(70_000, 90_000));
    assert.ok(reads.length >= 2);
    await file.close();
  } finally {
    promises.open = real;
    syncBuiltinESMExports();
  }
});

test('openFile accepts a path as text, a URL or bytes', async () => {
  const { name, file } = await opened();
  for (const given of [name, pathToFileURL(name), Buffer.from(name)]) {
    const other = await openFile(given);
    assert.equal(other.size, BYTES.length);
    await other.close();
  }
  await file.close();
});

test('openFile reports 0 bytes for an empty file', async () => {
  const { file } = await opened('');
  assert.deepEqual({ size: file.size, length: (await file.read(0, 0)).length }, { size: 0, length: 0 });
  await file.close();
});

// Node 20's openAsBlob says 1,000.
test('openFile reports every byte of a file of 4 GiB and 1,000 bytes', async () => {
  const name = place();
  const handle = await open(name, 'w');
  await handle.truncate(2 ** 32 + 1000); // sparse
  await handle.write(Buffer.from('end'), 0, 3, 2 ** 32 + 997);
  await handle.close();
  const file = await openFile(name);
  assert.equal(file.size, 2 ** 32 + 1000);
  assert.equal(Buffer.from(await file.read(2 ** 32 + 997, 2 ** 32 + 1000)).toString(), 'end');
  await file.close();
  await rm(name);
});

describe('changed files', () => {
  const changes = {
    'a byte rewritten at once, and its mtime set back': async (name) => {
      const handle = await open(name, 'r+');
      const { atime, mtime } = await handle.stat();
      await handle.write('x', 5);
      await handle.close();
      await utimes(name, atime, mtime);
    },
    'rewritten by the same bytes': (name) => writeFile(name, BYTES),
    'appended to': (name) => writeFile(name, 'x', { flag: 'a' }),
    'cut off': (name) => truncate(name, 50),
    'truncated to nothing': (name) => truncate(name),
    deleted: (name) => rm(name),
    'replaced by another': async (name) => {
      await writeFile(`${name}-new`, BYTES);
      await rename(`${name}-new`, name);
    },
    'made unreadable': (name) => chmod(name, 0),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`openFile notices a file that is ${what}`, async () => {
      const { name, file } = await opened();
      await file.read(0, 10);
      await change(name);
      await assert.rejects(file.read(0, 10), { code: 'ERR_SOURCE_CHANGED', message: /open it again/ });
      await file.close();
    });
  }
});

describe('paths that are not a regular file', () => {
  test('openFile refuses a folder', () =>
    assert.rejects(openFile(folder), { code: 'ERR_READ', message: /not a regular file/ }));
  test('openFile refuses a missing file', () =>
    assert.rejects(openFile(place()), ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT'));
  test('openFile refuses a value that is not a path', () => assert.rejects(openFile(undefined), TypeError));
  test('openFile refuses a device', () =>
    assert.rejects(openFile('/dev/zero'), { code: 'ERR_READ', message: /not a regular file/ }));
  test('openFile refuses a FIFO without waiting for its writer', async () => {
    const name = place();
    execFileSync('mkfifo', [name]);
    await assert.rejects(openFile(name), { code: 'ERR_READ', message: /not a regular file/ });
  });
  test('openFile refuses files of the kernel, which report a wrong size', async () => {
    await assert.rejects(openFile('/proc/self/status'), { code: 'ERR_READ', message: /size of 0 bytes but has more/ });
    const name = '/sys/kernel/mm/transparent_hugepage/enabled'; // a page, it says
    if (!existsSync(name)) return;
    const file = await openFile(name);
    assert.ok(file.size > (await readFile(name)).length);
    await assert.rejects(file.read(0, file.size), { code: 'ERR_SOURCE_CHANGED' });
    await file.close();
  });
});

test('openFile leaves nothing open after close, after `await using`, and after a failure', async () => {
  const descriptors = () =>
    readdirSync('/proc/self/fd').map((name) => {
      try {
        return readlinkSync(`/proc/self/fd/${name}`);
      } catch {
        return ''; // the folder's own, which was open while it was read
      }
    });
  const { file } = await opened();
  const reading = file.read(0, BYTES.length).catch(({ code }) => assert.equal(code, 'ERR_CLOSED'));
  await Promise.all([reading, file.close(), file.close()]);
  await assert.rejects(file.read(0, 1), { code: 'ERR_CLOSED', message: /call openFile again/ });
  const { file: other } = await opened();
  await other[Symbol.asyncDispose]();
  await assert.rejects(other.read(0, 1), { code: 'ERR_CLOSED' });
  await openFile(folder).catch(() => {});
  await openFile('/proc/self/status').catch(() => {});
  assert.deepEqual(
    descriptors().filter((target) => target.startsWith(folder) || target.includes('/status')),
    [],
  );
});

test("a read ends with the signal's reason", async () => {
  const { file } = await opened();
  const reason = new Error('no more');
  await assert.rejects(file.read(0, 1, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal((await file.read(0, 1)).length, 1);
  await file.close();
});
