// The packages of package-lock.json, and those of folders that have a lock of their own.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { cached } from './cache.mjs';
import { ROOT, run, step } from './run.mjs';

const changed = (file) => statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Those of the project itself: a copy, since npm takes several times as long to unpack them in each clone. */
export async function npmPackages() {
  // npm writes this file last, when the folder agrees with the lock.
  if (changed('node_modules/.package-lock.json') >= changed('package-lock.json')) return;
  const kept = await installed('.', 'project', 'ci');
  const folder = path.join(ROOT, 'node_modules');
  const copy = path.join(ROOT, 'target', `node_modules.${process.pid}`);
  try {
    mkdirSync(path.dirname(copy), { recursive: true });
    await run('cp', ['-R', path.join(kept, 'node_modules'), copy]);
    rmSync(folder, { recursive: true, force: true });
    renameSync(copy, folder);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/**
 * Installs what `folder`/package-lock.json names, outside the project.
 * @returns {Promise<string>} the folder whose node_modules has it; projects in it find it, too
 */
export function npmTools(folder) {
  // `npm ci` would refuse a lock that lacks optional packages for other systems, which not every mirror has.
  return installed(folder, path.basename(folder), 'install', '--no-save');
}

/** @param {string} folder @param {string} name @param {string[]} command npm's */
function installed(folder, name, ...command) {
  const files = ['package.json', 'package-lock.json'].map((file) => path.join(ROOT, folder, file));
  const hash = files.reduce(
    (sum, file) => sum.update(readFileSync(file)),
    createHash('sha256').update(process.version),
  );
  return cached('npm', `${name}-${hash.digest('hex').slice(0, 12)}`, async (root) => {
    step(`npm packages of ${folder === '.' ? 'the project' : folder}`);
    mkdirSync(root);
    for (const file of files) copyFileSync(file, path.join(root, path.basename(file)));
    await run('npm', [...command, '--prefix', root, '--no-fund', '--no-audit']);
  });
}

/** The bundlers, frameworks and runtimes in which the tests use the package. */
export const consumerTools = () => npmTools('tools/requirements/consumers');

/** The frameworks and form libraries in whose pages the element is tested. */
export const frameworkTools = () => npmTools('tools/requirements/frameworks');

/** The form libraries whose lines in docs/form.md are tested. */
export const formTools = () => npmTools('tests/browser/form-libraries');

/** The linters of the package, its types, its documents and its workflows. */
export const checkTools = () => npmTools('tools/requirements/checks');

/** Third-party streams, and their readers, that the tests pass in. */
export const inputTools = () => npmTools('tests/inputs');

/** HTTP clients with which pages ask their servers. */
export const clientTools = () => npmTools('tests/clients');

/** The servers and archives with which the tests serve and store what was opened. */
export const servingTools = () => npmTools('tests/serving/servers');

/** The versions of TypeScript, and the frameworks, that compile the package's declarations. */
export const typeTools = () => npmTools('tests/types');

/** Bundlers and runtimes of other versions, for `npm run test:consumers`. */
export const buildTools = () => npmTools('tests/consumers/builds');

/** Test runners with their DOMs, in which the package and components with the element are tested, for `npm run test:consumers`. */
export const componentTools = () => npmTools('tests/consumers/components');

/** Which browser supports what since when (MDN's data), and the parser of scripts. */
export const floorTools = () => npmTools('tests/package/floor');

/** Test DOMs, and scripts that replace parts of the platform, in and beside which the package is tested. */
export const platformTools = () => npmTools('tests/platform/packages');

/** The accessibility checker of the demo's pages. */
export const accessibilityTools = () => npmTools('tests/browser/accessibility');

/** What turns the guides into pages of the site. */
export const siteTools = () => npmTools('tools/requirements/site');

/** What finds mistakes in the scripts and style sheets of this project, and formats them. */
export const lintTools = () => npmTools('tools/requirements/lint');

/** AWS's Encryption SDK for JavaScript in Node; that for browsers is a package of the project, for the bench. */
export const javascriptTools = () => npmTools('tests/interop/javascript-node');
