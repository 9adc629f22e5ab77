// npm run api: writes down the package's public types, without their comments, in tests/package/api.txt. A test compares it with what is
// built, so that no change of the interface goes unseen.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTools } from '../tools/npm.mjs';
import { ROOT } from '../tools/run.mjs';

export const REPORT = path.join(ROOT, 'tests/package/api.txt');

/** The declarations that package.json exports, and those that they import, each printed alike however it was written. */
export async function apiReport() {
  const ts = createRequire(path.join(await checkTools(), 'package.json'))('typescript');
  const printer = ts.createPrinter({ removeComments: true });
  const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const found = new Set(Object.values(exports).flatMap(({ types }) => types ?? []));
  const parts = [];
  for (const file of found) {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.'))
        found.add(`./${path.posix.join(path.posix.dirname(file), fileName.replace(/\.js$/, '.d.ts'))}`);
    }
    const printed = printer.printFile(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
    parts.push(`==== ${file}\n\n${printed.replaceAll(/\n{2,}/g, '\n').trim()}\n`);
  }
  return parts.sort().join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const { build } = await import('./build.mjs');
    await build();
    writeFileSync(REPORT, await apiReport());
  } catch (error) {
    console.error(`api: ${error.message}`);
    process.exitCode = 1;
  }
}
