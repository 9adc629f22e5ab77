// Big files to seal.
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';

const MIB = 2 ** 20;

/** Makes a file of `mebibytes` MiB in `folder`, no two of which are equal. It is in the system's file cache afterwards. */
export async function makeFile(folder, mebibytes) {
  const name = path.join(folder, `${mebibytes}-mib.bin`);
  const block = randomBytes(MIB);
  const file = await open(name, 'w');
  try {
    for (let index = 0; index < mebibytes; index++) {
      block.writeUInt32BE(index);
      await file.write(block);
    }
  } finally {
    await file.close();
  }
  return name;
}
