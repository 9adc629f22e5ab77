// Installs what the project needs and this machine lacks. It uses only Node itself, since it runs before `npm ci`.
//
//     node scripts/setup.mjs         everything
//     await setup({ rust: true })    only that part
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserPackages } from './lib/browsers.mjs';
import { needDebian } from './lib/debian.mjs';
import { nginxProgram } from './lib/nginx.mjs';
import { checkTools, consumerTools, frameworkTools, inputTools, npmPackages, platformTools, servingTools, typeTools } from './lib/npm.mjs';
import { which } from './lib/run.mjs';
import { cargoDeny, geckodriver, wasmBindgen, wasmPack, wasmTarget } from './lib/rust.mjs';
import { venv } from './lib/venv.mjs';

/**
 * @param {{ npm?: boolean, rust?: boolean, browsers?: boolean, emulator?: boolean, faults?: boolean, python?: boolean,
 *   consumers?: boolean, checks?: boolean, shells?: boolean, serving?: boolean }} parts
 *   npm: node_modules; rust: the wasm target, wasm-pack and wasm-bindgen; browsers: Chromium, Firefox, WebKitGTK and their
 *   drivers; emulator: the embedded KMS and S3; faults: the proxy that makes calls to them fail; python: AWS's Encryption SDK,
 *   for the interop tests; consumers: bundlers, runtimes, frameworks and other people's scripts, for the package's tests; checks: the linters of the package, its
 *   dependencies and documents; shells: those that the command has completions for, and what
 *   sets lists and attributes of files; serving: nginx, servers and archives
 * @returns {Promise<{ env: NodeJS.ProcessEnv }>} the environment whose PATH has the tools
 */
export async function setup({ npm, rust, browsers, emulator, faults, python, consumers, checks, shells, serving }) {
  const folders = [];
  if (npm) await npmPackages();
  if (rust) {
    await wasmTarget();
    folders.push(await wasmPack(), await wasmBindgen());
  }
  if (browsers) {
    await browserPackages();
    folders.push(await geckodriver());
  }
  if (shells) {
    const commands = { bash: 'bash', zsh: 'zsh', fish: 'fish', setfacl: 'acl', chattr: 'e2fsprogs' };
    const missing = Object.keys(commands).filter((command) => !which(command)).map((command) => commands[command]);
    if (missing.length > 0) await needDebian(missing);
  }
  if (emulator) await venv('emulator');
  if (faults) await venv('faults');
  if (python) await venv('interop');
  if (consumers) {
    await consumerTools();
    await typeTools();
    await inputTools();
    await frameworkTools();
    await platformTools();
  }
  if (serving) {
    await servingTools();
    await nginxProgram();
  }
  if (checks) {
    await checkTools();
    await venv('awscli');
    folders.push(await cargoDeny());
  }
  const PATH = process.env.PATH.split(path.delimiter);
  PATH.unshift(...folders.filter((folder) => !PATH.includes(folder)));
  return { env: { ...process.env, PATH: PATH.join(path.delimiter) } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const tests = { emulator: true, faults: true, python: true, consumers: true, checks: true, shells: true, serving: true };
    await setup({ npm: true, rust: true, browsers: true, ...tests });
  } catch (error) {
    console.error(`set-up: ${error.message}`);
    process.exitCode = 1;
  }
}
