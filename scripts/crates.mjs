// The crates of a release, in the order in which they are published: each after those that it needs.
//
//     node scripts/crates.mjs package     makes target/package/*.crate, and checks the list against the workspace
//     node scripts/crates.mjs publish     publishes what the registry lacks, with the token in CARGO_REGISTRY_TOKEN
//
// `publish` compiles nothing, so that no build script runs beside the token. It can be repeated after a release that stopped half done.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT, read, show } from '../tools/run.mjs';

export const CRATES = ['kmseal-gcm', 'kmseal', 'kmseal-cli'];

/** @returns {{ packages: { name: string, version: string, publish: string[] | null, dependencies: { name: string, kind: string | null, path?: string }[] }[] }} */
export function workspace() {
  return JSON.parse(read('cargo', ['metadata', '--no-deps', '--format-version', '1']));
}

/**
 * What is wrong with the list. A missing crate would have to come from anyone who registers its name.
 * @param {ReturnType<typeof workspace>} workspace
 * @param {string[]} list
 * @returns {string[]} a sentence for each fault
 */
export function faults({ packages }, list) {
  const found = [];
  // `publish = false` is an empty list of registries.
  const published = packages.filter(({ publish }) => publish?.length !== 0);
  for (const { name } of published)
    if (!list.includes(name)) found.push(`${name} is published, but is not in the list of scripts/crates.mjs`);
  for (const [place, name] of list.entries()) {
    const crate = published.find((one) => one.name === name);
    if (!crate) {
      found.push(`${name} is in the list of scripts/crates.mjs, but the workspace does not publish it`);
      continue;
    }
    // Cargo leaves development dependencies that have only a path out of the published manifest.
    for (const needed of crate.dependencies.filter((one) => one.path && one.kind !== 'dev')) {
      if (!list.slice(0, place).includes(needed.name))
        found.push(`${name} needs ${needed.name}, which is not published before it`);
    }
  }
  return found;
}

const selected = CRATES.flatMap((name) => ['--package', name]);

/** Packages all of them, as they are published, and returns their files. Cargo takes those that are not published yet from the others' files. */
export async function packageCrates(flags = []) {
  const known = workspace();
  const wrong = faults(known, CRATES);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  await show('cargo', ['package', '--locked', ...flags, ...selected], process.env);
  return CRATES.map((name) => {
    const { version } = known.packages.find((one) => one.name === name);
    return { name, version, file: path.join(ROOT, 'target/package', `${name}-${version}.crate`) };
  });
}

/** The SHA-256 of a version that the registry has, or undefined. */
async function registered(name, version) {
  // https://doc.rust-lang.org/cargo/reference/registry-index.html#index-files, for names of four letters and more
  const answer = await fetch(`https://index.crates.io/${name.slice(0, 2)}/${name.slice(2, 4)}/${name}`);
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new Error(`the registry's index answers ${answer.status} for ${name}`);
  const versions = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return versions.find((one) => one.vers === version)?.cksum;
}

async function publishCrates() {
  for (const { name, version, file } of await packageCrates(['--no-verify'])) {
    const ours = createHash('sha256').update(readFileSync(file)).digest('hex');
    const theirs = await registered(name, version);
    if (theirs && theirs !== ours)
      throw new Error(`the registry has another ${name} ${version}: stop, and find out who published it`);
    if (theirs) console.log(`${name} ${version} is published already`);
    // It waits until the index has the crate, which the next one needs.
    else await show('cargo', ['publish', '--locked', '--no-verify', '--package', name], process.env);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const [command, ...rest] = process.argv.slice(2);
    if (command === 'package') await packageCrates(rest);
    else if (command === 'publish' && rest.length === 0) await publishCrates();
    else throw new Error('say package or publish');
  } catch (error) {
    console.error(`crates: ${error.message}`);
    process.exitCode = 1;
  }
}
