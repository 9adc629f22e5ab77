// Which files of tests/ are JavaScript tests.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './run.mjs';

/** The test files whose path contains one of the words, or all of them where there are no words; each relative to the project. */
export async function javascriptTests(words) {
  const all = await readdir(path.join(ROOT, 'tests'), { recursive: true });
  const tests = all.filter((file) => file.endsWith('.test.mjs')).map((file) => path.join('tests', file)).sort();
  return tests.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
}
