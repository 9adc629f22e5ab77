// npm run fuzz: libFuzzer on every parser, each with its oracle (tests/core/common/oracles.rs), and the two engines compared.
//
//     npm run fuzz                    a minute each
//     npm run fuzz -- 3600 key arn    an hour each of these
//     npm run fuzz -- 3600 engines    an hour of tests/node/engines.test.mjs; the seed and path of what it finds repeat it:
//                                     FUZZ_SEED=... FUZZ_PATH=... node --test tests/node/engines.test.mjs
//
// Its corpus stays in target/fuzz/corpus; findings go to fuzz/artifacts, and from there, once fixed, to
// tests/fuzzed/TARGET, which `npm test` runs.
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { ROOT, show } from '../tools/run.mjs';
import { cargoFuzz, nightly } from '../tools/rust.mjs';

const PARSERS = readdirSync(path.join(ROOT, 'fuzz/fuzz_targets')).map((file) => path.basename(file, '.rs'));
const ALL = [...PARSERS, 'engines'];
const BUILT = path.join(ROOT, 'target/fuzz');
const CORPUS = path.join(BUILT, 'corpus');
const SEEDS = path.join(BUILT, 'seeds');

/** @param {string[]} targets @param {string} seconds for each */
async function parsers(targets, seconds) {
  const PATH = [await cargoFuzz(), process.env.PATH].join(path.delimiter);
  // Fixed seeds, as in .cargo/config.toml: cargo-fuzz ignores its flags.
  const RUSTFLAGS = '--cfg kmseal_fixed_seeds';
  const env = { ...process.env, PATH, RUSTFLAGS, RUSTUP_TOOLCHAIN: await nightly() };
  await show(
    'cargo',
    [
      'run',
      '--locked',
      '--release',
      '--manifest-path',
      'fuzz/Cargo.toml',
      '--target-dir',
      BUILT,
      '--bin',
      'seeds',
      '--',
      SEEDS,
    ],
    env,
  );
  for (const target of targets) {
    const corpora = [path.join(CORPUS, target), path.join(SEEDS, target)];
    mkdirSync(corpora[0], { recursive: true });
    const options = [
      `-max_total_time=${seconds}`,
      '-timeout=10',
      '-rss_limit_mb=1024',
      '-verbosity=0',
      '-print_final_stats=1',
    ];
    await show('cargo', ['fuzz', 'run', '--target-dir', BUILT, target, ...corpora, '--', ...options], env);
  }
}

/** Half of the time seals, half opens. */
async function engines(seconds) {
  await build();
  await show(process.execPath, ['--test', 'tests/node/engines.test.mjs'], {
    ...process.env,
    FUZZ_SECONDS: String(seconds / 2),
  });
}

try {
  const { positionals } = parseArgs({ allowPositionals: true });
  const seconds = positionals.filter((word) => /^\d+$/.test(word)).at(0) ?? '60';
  const named = positionals.filter((word) => word !== seconds);
  const unknown = named.filter((target) => !ALL.includes(target));
  if (unknown.length > 0) throw new Error(`no ${unknown.join(', ')}; there are ${ALL.join(', ')}`);

  const chosen = named.length > 0 ? named : ALL;
  const parsing = chosen.filter((target) => PARSERS.includes(target));
  if (parsing.length > 0) await parsers(parsing, seconds);
  if (chosen.includes('engines')) await engines(seconds);
} catch (error) {
  console.error(`fuzz: ${error.message}`);
  process.exitCode = 1;
}
