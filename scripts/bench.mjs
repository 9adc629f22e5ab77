// npm run bench: speed and size, with the peers in the same run.
//
//     npm run bench                    everything
//     npm run bench -- bytes memory    these, by the names of the files in bench/
//
// Rows with peers are also drawn: bench/charts/NAME.svg.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../tools/run.mjs';
import { forgetShellSettings } from '../tools/shell-settings.mjs';
import { PACKAGE, setup } from './setup.mjs';

const FOLDER = path.join(ROOT, 'bench');
const ALL = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => path.basename(name, '.mjs'));

forgetShellSettings();
try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const unknown = positionals.filter((name) => !ALL.includes(name));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}; there are ${ALL.join(', ')}`);
  await setup([...PACKAGE, 'browsers', 'geckodriver', 'emulator']);
  // Only now, since these need node_modules.
  const { build } = await import('./build.mjs');
  await build();
  const { line } = await import('../bench/support/figures.mjs');
  const { chart } = await import('../bench/support/chart.mjs');
  for (const name of positionals.length > 0 ? positionals : ALL) {
    const { title, run } = await import(`../bench/${name}.mjs`);
    const before = loadavg()[0];
    const figures = await run();
    console.log(`\n${title}  [${name}, load ${before.toFixed(1)} to ${loadavg()[0].toFixed(1)}]`);
    for (const figure of figures) console.log(`  ${line(figure)}`);
    const bars = Object.assign({}, ...figures.map((figure) => figure.bars));
    if (Object.keys(bars).length > 0) {
      mkdirSync(path.join(FOLDER, 'charts'), { recursive: true });
      writeFileSync(path.join(FOLDER, 'charts', `${name}.svg`), chart(title, bars));
    }
  }
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
