// openFile of kmseal/node: a file's true size, its bytes, and every change to it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openFile } from 'kmseal/node';
import { sample } from '../support/bytes.mjs';

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

test('reads any part, and no other', async () => {
  const { file } = await opened();
  assert.equal(file.size, BYTES.length);
  for (const [start, end] of [[0, BYTES.length], [0, 1], [7, 7], [BYTES.length, BYTES.length], [99_999, 100_000]]) {
    assert.deepEqual(Buffer.from(await file.read(start, end)), BYTES.subarray(start, end));
  }
  for (const range of [[-1, 1], [2, 1], [0, BYTES.length + 1], [0.5, 1], [0, NaN], ['0', 1], [0]]) {
    await assert.rejects(file.read(...range), RangeError);
  }
  await file.close();
});

test('a path may be text, a URL or bytes', async () => {
  const { name, file } = await opened();
  for (const given of [name, pathToFileURL(name), Buffer.from(name)]) {
    const other = await openFile(given);
    assert.equal(other.size, BYTES.length);
    await other.close();
  }
  await file.close();
});

test('an empty file has 0 bytes', async () => {
  const { file } = await opened('');
  assert.deepEqual([file.size, (await file.read(0, 0)).length], [0, 0]);
  await file.close();
});

// Node 20's openAsBlob says 1,000.
test('a file of 4 GiB and 1,000 bytes has all of them', async () => {
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

describe('a change is noticed', () => {
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
    'deleted': (name) => rm(name),
    'replaced by another': async (name) => {
      await writeFile(`${name}-new`, BYTES);
      await rename(`${name}-new`, name);
    },
    'made unreadable': (name) => chmod(name, 0),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(what, async () => {
      const { name, file } = await opened();
      await file.read(0, 10);
      await change(name);
      await assert.rejects(file.read(0, 10), { code: 'ERR_SOURCE_CHANGED', message: /open it again/ });
      await file.close();
    });
  }
});

describe('what is not a file of a size is refused', () => {
  test('a folder', () => assert.rejects(openFile(folder), { code: 'ERR_READ', message: /not a regular file/ }));
  test('a file that is not there', () => assert.rejects(openFile(place()), ({ code, cause }) => code === 'ERR_READ' && cause.code === 'ENOENT'));
  test('no path', () => assert.rejects(openFile(undefined), TypeError));
  test('a device', () => assert.rejects(openFile('/dev/zero'), { code: 'ERR_READ', message: /not a regular file/ }));
  test('a FIFO, whose writer is not waited for', async () => {
    const name = place();
    execFileSync('mkfifo', [name]);
    await assert.rejects(openFile(name), { code: 'ERR_READ', message: /not a regular file/ });
  });
  test('files of the kernel, which tell another size than they have', async () => {
    await assert.rejects(openFile('/proc/self/status'), { code: 'ERR_READ', message: /size of 0 bytes and has more/ });
    const name = '/sys/kernel/mm/transparent_hugepage/enabled'; // a page, it says
    if (!existsSync(name)) return;
    const file = await openFile(name);
    assert.ok(file.size > (await readFile(name)).length);
    await assert.rejects(file.read(0, file.size), { code: 'ERR_SOURCE_CHANGED' });
    await file.close();
  });
});

test('nothing stays open: after close, after `await using`, and where opening failed', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').map((name) => {
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
  assert.deepEqual(descriptors().filter((target) => target.startsWith(folder) || target.includes('/status')), []);
});

test("a signal's reason ends a read", async () => {
  const { file } = await opened();
  const reason = new Error('no more');
  await assert.rejects(file.read(0, 1, { signal: AbortSignal.abort(reason) }), reason);
  assert.equal((await file.read(0, 1)).length, 1);
  await file.close();
});
