// npm run format: biome on TypeScript, JavaScript and CSS, rustfmt on Rust.
import path from 'node:path';
import { lintTools } from '../tools/npm.mjs';
import { show } from '../tools/run.mjs';

try {
  await show(path.join(await lintTools(), 'node_modules/.bin/biome'), ['format', '--write'], process.env);
  await show('cargo', ['fmt', '--all'], process.env);
} catch (error) {
  console.error(`format: ${error.message}`);
  process.exitCode = 1;
}
