// WebKit says of a file that is away when its size is first asked that it has 0 bytes, and reads it as empty once it is back. What cannot be
// read must not be sealed as an empty file, however often somebody tries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sealer } from 'kmseal';
import { makeRaw } from '../support/kinds.mjs';

/** A File as WebKit has it: away for its first reads, then there, and empty for good. */
function awayFor(reads) {
  const file = new File([], 'scan.pdf');
  const { arrayBuffer } = file;
  return Object.assign(file, {
    async arrayBuffer() {
      if (reads-- > 0) throw new DOMException('The object can not be found here.', 'NotFoundError');
      return arrayBuffer.call(this);
    },
  });
}

const { key } = await makeRaw();
const sealer = new Sealer({ keys: [key] });
const isUnread = ({ code }) => code === 'ERR_READ';

for (const { what, seal } of [
  { what: 'sealed', seal: (file) => sealer.seal(file) },
  { what: 'prepared and sliced', seal: async (file) => (await sealer.prepare(file)).slice() },
]) {
  test(`an empty file that could not be read once is never ${what}`, async () => {
    const file = awayFor(1);
    await assert.rejects(async () => seal(file), isUnread);
    await assert.rejects(async () => seal(file), isUnread);
    await assert.rejects(async () => seal(file), /choose it again/);
  });
}

test('an empty file that can be read is sealed', async () => {
  assert.ok((await sealer.seal(awayFor(0))).size > 0);
});
