// Catches numbers that a reader has to look up: milliseconds or seconds, bytes or characters.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

/** What may be counted. `_LEN` and `_LENGTH` are always in bytes. */
const UNIT =
  /_(BYTES|CHARACTERS|FILES|LEN|LENGTH|MS|PARTS|PERCENT|SECONDS|TURNS|UNITS)$|^(FILES$|FRAMES_|KIB$|LOOKS|MEBIBYTES$|MIB$|PARTS$|PARTS_|PLACES$|ROWS_|UINT)|^COMFORTABLE_FRAMES$/;

/** The numbers from ten on that the files of a folder name. */
function numbersIn(folder, ending, constant) {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true }).filter((file) => file.endsWith(ending));
  return files.flatMap((file) =>
    Array.from(readFileSync(path.join(ROOT, folder, file), 'utf8').matchAll(constant), ([, name, value]) => ({
      file: path.posix.join(folder, file),
      name,
      value,
    })),
  );
}

const SCRIPT = /^(?:export )?const ([A-Z][A-Z0-9_]*) = (\d[\d_]+);/gm;
/** Sizes only: other numbers of the core are those of the format and of its algorithms. */
const RUST = /\bconst ([A-Z][A-Z0-9_]*): \w+ = ([^;]*\b1024\b[^;]*);/g;

for (const { folder, ending, constant } of [
  { folder: 'js', ending: '.ts', constant: SCRIPT },
  { folder: 'src', ending: '.rs', constant: RUST },
  { folder: 'wasm/src', ending: '.js', constant: SCRIPT },
  { folder: 'wasm/src', ending: '.rs', constant: RUST },
  { folder: 'cli/src', ending: '.rs', constant: RUST },
]) {
  test(`each constant of ${folder}/ in ${ending} says its unit in its name`, () => {
    const numbers = numbersIn(folder, ending, constant);
    if (folder !== 'wasm/src') assert.ok(numbers.length > 3, 'too few constants are found');
    assert.deepEqual(
      numbers.filter(({ name }) => !UNIT.test(name)),
      [],
    );
  });
}

/** With what stands above it; a product is a size or a time. */
const EXPLAINED =
  /(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^(?:export )?const ([A-Z][A-Z0-9_]*) = (\d{4,}|\d[\d_]*_[\d_]*|\d[^;\n]* \* [^;\n]*);/gm;

for (const folder of ['bench', 'examples', 'www']) {
  test(`each size and time of ${folder}/ says its unit in its name, or in the comment on it`, () => {
    const files = readdirSync(path.join(ROOT, folder), { recursive: true }).filter((file) => /\.m?js$/.test(file));
    const numbers = files.flatMap((file) =>
      Array.from(readFileSync(path.join(ROOT, folder, file), 'utf8').matchAll(EXPLAINED), ([, comment, name]) => ({
        file: path.posix.join(folder, file),
        name,
        comment,
      })),
    );
    assert.ok(numbers.length > 3, 'too few constants are found');
    const bare = numbers.filter(
      ({ name, comment }) => !UNIT.test(name) && !/\b(bytes|milliseconds|seconds|units)\b/i.test(comment),
    );
    assert.deepEqual(bare, []);
  });
}
