// What biome and TypeScript's compiler find in everything but Rust, and whether it is formatted: `npm test -- lint`.
// It needs dist/, whose types the demo uses.
import path from 'node:path';
import { lintTools } from './npm.mjs';
import { compiler } from './typescript.mjs';

/** @param {typeof import('./run.mjs').show} run */
export async function lint(run) {
  const biome = path.join(await lintTools(), 'node_modules/.bin/biome');
  await run(biome, ['check', '--error-on-warnings'], process.env);
  const [tsc, ...first] = compiler();
  await run(tsc, [...first, '--project', 'jsconfig.json'], process.env);
}
