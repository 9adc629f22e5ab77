// Which files are JavaScript tests: those of tests/, and those beside the modules of js/ that they test.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** The test files whose path contains one of the words, or all of them where there are no words; each relative to the project. */
export async function javascriptTests(words) {
  const below = async (folder) =>
    (await readdir(path.join(ROOT, folder), { recursive: true })).map((file) => path.join(folder, file));
  const all = [...(await below('js')), ...(await below('tests'))];
  const tests = all.filter((file) => file.endsWith('.test.mjs')).sort();
  return tests.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}
