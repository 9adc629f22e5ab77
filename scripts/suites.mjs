// Which part of the tests needs what: `npm test -- WORD` sets up only that.
import { goLacks } from '../tools/go-esdk.mjs';
import { javaLacks } from '../tools/java-esdk.mjs';
import { officialLacks } from '../tools/official-vectors.mjs';
import { tusdLacks } from '../tools/tusd.mjs';
import { PACKAGE } from './setup.mjs';

const BROWSER = [...PACKAGE, 'browsers', 'geckodriver', 'emulator'];
const COMMAND = [...PACKAGE, 'command', 'emulator'];
/** Preloaded libraries, /proc, /dev/full, resource limits, access control lists: tests of a system that only Linux is. */
const LINUX = { lacks: () => (process.platform === 'linux' ? undefined : 'Linux') };

/**
 * A suite by its name, or by how the paths of its files start. A file belongs to the longest that fits.
 * @type {Record<string, { needs: string[], lacks?: () => string | undefined }>} needs: of NEEDS in setup.mjs; lacks: what it needs, and
 *   nobody installs, where this machine does not have it
 */
export const SUITES = {
  // The core, the command's own tests, and rustfmt and clippy on all that is Rust: Cargo alone
  rust: { needs: ['rust'] },
  // wasm-bindgen's tests of the web edge, in two browsers
  wasm: { needs: ['wasm', 'browsers', 'geckodriver'] },
  // biome, and TypeScript's compiler on what is JavaScript
  lint: { needs: [...PACKAGE, 'lint'] },

  // Modules by themselves, from their sources
  'js/': { needs: ['npm'] },
  'tests/browser/site': { needs: [...BROWSER, 'accessibility', 'checks', 'site'] },
  'tests/browser/': { needs: [...BROWSER, 'accessibility', 'clients', 'forms', 'frameworks'] },
  // Killing a page takes /proc
  'tests/browser/s3-lives': { needs: BROWSER, ...LINUX },
  'tests/browser/tus-lives': { needs: BROWSER, ...LINUX },
  'tests/browser/tusd': { needs: [...BROWSER, 'tusd'], lacks: tusdLacks },
  'tests/cli/': { needs: COMMAND },
  'tests/cli/configuration': { needs: COMMAND, ...LINUX },
  'tests/cli/damage': { needs: COMMAND, ...LINUX },
  'tests/cli/ended': { needs: [...COMMAND, 'attributes'], ...LINUX },
  'tests/cli/faults': { needs: COMMAND, ...LINUX },
  'tests/cli/key-forms': { needs: [...COMMAND, 'awscli'] },
  'tests/cli/meanwhile': { needs: COMMAND, ...LINUX },
  'tests/cli/memory': { needs: COMMAND, ...LINUX },
  'tests/cli/randomness': { needs: [...PACKAGE, 'command'], ...LINUX },
  'tests/cli/reseal': { needs: COMMAND, ...LINUX },
  'tests/cli/rights': { needs: [...COMMAND, 'attributes'], ...LINUX },
  'tests/cli/shortage': { needs: COMMAND, ...LINUX },
  'tests/cli/usage': { needs: [...COMMAND, 'shells'] },
  'tests/docs/': { needs: [...BROWSER, 'command', 'awscli', 'javascript', 'python', 'types'] },
  'tests/emulator/': { needs: ['npm', 'emulator', 'python'] },
  'tests/examples/': { needs: [...PACKAGE, 'emulator'] },
  'tests/infra/': { needs: [...PACKAGE, 'checks', 'emulator'] },
  'tests/infra/intake': { needs: [...PACKAGE, 'awscli', 'emulator', 'zip'] },
  'tests/interop/': { needs: [...BROWSER, 'command', 'python'] },
  'tests/interop/go': { needs: [...PACKAGE, 'emulator', 'go'], lacks: goLacks },
  'tests/interop/javascript-browser': { needs: [...PACKAGE, 'browsers', 'geckodriver'] },
  'tests/interop/javascript': { needs: [...PACKAGE, 'emulator', 'javascript'] },
  'tests/interop/java': { needs: [...PACKAGE, 'emulator', 'java'], lacks: javaLacks },
  'tests/interop/keyring-names': { needs: ['npm'] },
  'tests/interop/official': { needs: [...PACKAGE, 'emulator'], lacks: officialLacks },
  'tests/node/': { needs: [...PACKAGE, 'emulator', 'faults', 'inputs'] },
  'tests/package/': { needs: PACKAGE },
  'tests/package/api': { needs: [...PACKAGE, 'checks'] },
  'tests/package/checks': { needs: [...PACKAGE, 'checks', 'deny'] },
  'tests/package/floor': { needs: [...PACKAGE, 'floor'] },
  'tests/package/releases': { needs: [...PACKAGE, 'checks'] },
  'tests/package/types': { needs: [...PACKAGE, 'types'] },
  'tests/platform/': { needs: [...PACKAGE, 'browsers', 'geckodriver', 'platform'] },
  'tests/serving/': { needs: [...BROWSER, 'nginx', 'serving'] },
};

/** The suite of a test file, or undefined. */
export function suiteOf(file) {
  const name = Object.keys(SUITES)
    .filter((start) => file.startsWith(start))
    .sort((a, b) => b.length - a.length)[0];
  return SUITES[name];
}

/**
 * Their files share processes (tools/test-group.mjs). Those of other folders have one each: they replace parts of the platform or measure memory,
 * since kmseal runs in their own process, or set what an example takes from its environment.
 */
const SHARING = ['browser', 'cli', 'docs', 'emulator', 'infra', 'interop', 'node'].map((name) => `tests/${name}/`);
/** But these set the environment, look through the memory of their process, or replace what kmseal looks at once, when it is loaded or first used. */
const APART = [
  'docs/pages',
  'docs/site-code',
  'docs/uploads-server',
  'node/demo-bounds',
  'node/cache-wiping',
  'node/description-memory',
  'node/kinds-memory',
  'node/memory',
  'node/streams',
  'node/trap-wiping',
  'node/no-message-channel',
  'node/saved-state',
].map((name) => `tests/${name}.`);

/** What takes longest, as `npm test` says at its end. It begins first, so that at the end nothing long runs alone. */
export const LONGEST = [
  'tests/platform/scripts-browser.test.mjs',
  'tests/browser/s3-stream.test.mjs',
  'tests/browser/site-accessible.test.mjs',
  'tests/browser/demo-ways.test.mjs',
  'tests/browser/s3-lives.test.mjs',
  'tests/browser/s3-faults.test.mjs',
  'tests/browser/site.test.mjs',
  'tests/browser/demo-journey.test.mjs',
  'tests/interop/python-opens.test.mjs',
  'tests/browser/open-in-page-saved.test.mjs',
  'tests/browser/demo-accessible.test.mjs',
  'tests/node/faults.test.mjs',
  'tests/docs/pages.test.mjs',
  'tests/browser/site-silent.test.mjs',
  'tests/node/outage.test.mjs',
  'tests/browser/tus-lives.test.mjs',
  'tests/browser/open-in-page.test.mjs',
  'tests/package/types.test.mjs',
  'tests/platform/scripts-node.test.mjs',
];

/** @param {string[]} files */
export function longestFirst(files) {
  const first = LONGEST.filter((file) => files.includes(file));
  return [...first, ...files.filter((file) => !first.includes(file))];
}

/** Files that share a process, at most: modules stay in its memory until it ends. */
const TOGETHER = 14;
/**
 * Their files, which start the command a thousand times, share processes with each other only: fork() copies the tables of all pages of a process,
 * so a start from one of half a gigabyte takes 20 ms more of the processor than from a small one.
 */
const STARTING = ['tests/cli/'];

/**
 * The files of each process, in the order in which they start.
 * @param {string[]} files in the order of longestFirst() @param {number} atOnce processes
 */
export function groupsOf(files, atOnce) {
  const isOf = (starts, file) => starts.some((start) => file.startsWith(start));
  const mayShare = (file) => isOf(SHARING, file) && !isOf(APART, file);
  const alone = files.filter((file) => !mayShare(file)).map((file) => [file]);
  const sharing = files.filter(mayShare);
  // Twice as many as run at once, even if they are few, so that all of them take part.
  const count = Math.max(2 * atOnce, Math.ceil(sharing.length / TOGETHER));
  const isStarting = (file) => isOf(STARTING, file);
  const kinds = [sharing.filter(isStarting), sharing.filter((file) => !isStarting(file))];
  const groups = kinds.flatMap((kind) => dealt(kind, Math.ceil((count * kind.length) / sharing.length)));
  // Those that are alone end soon, and fill what is left at the end; but not the longest.
  const isLong = (group) => LONGEST.includes(group[0]);
  return [...alone.filter(isLong), ...groups, ...alone.filter((group) => !isLong(group))];
}

/** Like cards, since the longest come first. @param {string[]} files @param {number} most groups */
function dealt(files, most) {
  const count = Math.min(files.length, most);
  return Array.from({ length: count }, (_, first) => files.filter((_, index) => index % count === first));
}
