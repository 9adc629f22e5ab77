// npm run fuzz: libFuzzer on every parser, each with its oracle (tests/common/oracles.rs).
//
//     npm run fuzz                    a minute each
//     npm run fuzz -- 3600 key arn    an hour each of these
//
// What it learns stays in target/fuzz/corpus; what it finds goes to fuzz/artifacts, and from there, once fixed, to
// tests/fuzzed/TARGET, which `npm test` runs.
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, show } from './lib/run.mjs';
import { cargoFuzz, nightly } from './lib/rust.mjs';

const ALL = readdirSync(path.join(ROOT, 'fuzz/fuzz_targets')).map((file) => path.basename(file, '.rs'));
const BUILT = path.join(ROOT, 'target/fuzz');
const CORPUS = path.join(BUILT, 'corpus');
const SEEDS = path.join(BUILT, 'seeds');

try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const seconds = positionals.filter((word) => /^\d+$/.test(word)).at(0) ?? '60';
  const chosen = positionals.filter((word) => word !== seconds);
  const unknown = chosen.filter((target) => !ALL.includes(target));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}; there are ${ALL.join(', ')}`);

  const PATH = [await cargoFuzz(), process.env.PATH].join(path.delimiter);
  const env = { ...process.env, PATH, RUSTUP_TOOLCHAIN: await nightly() };
  await show('cargo', ['run', '--locked', '--release', '--manifest-path', 'fuzz/Cargo.toml', '--target-dir', BUILT, '--bin', 'seeds', '--', SEEDS], env);
  for (const target of chosen.length > 0 ? chosen : ALL) {
    const corpora = [path.join(CORPUS, target), path.join(SEEDS, target)];
    mkdirSync(corpora[0], { recursive: true });
    const options = [`-max_total_time=${seconds}`, '-timeout=10', '-rss_limit_mb=1024', '-verbosity=0', '-print_final_stats=1'];
    await show('cargo', ['fuzz', 'run', '--target-dir', BUILT, target, ...corpora, '--', ...options], env);
  }
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exitCode = 1;
}
