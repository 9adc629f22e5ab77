// Makes the package in dist/: the .wasm, the bundled JavaScript with the .wasm's hash pinned in it, the types, and the licences of what
// the .wasm holds.
//
//     node scripts/build.mjs      sets up what is missing first
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { licences } from '../tools/licences.mjs';
import { namedByLikeness } from '../tools/likeness.mjs';
import { ROOT, run } from '../tools/run.mjs';
import { WASM_ENV, WASM_TARGET } from '../tools/rust.mjs';
import { compiler } from '../tools/typescript.mjs';
import { PACKAGE, setup } from './setup.mjs';

const JS = path.join(ROOT, 'js');
const DIST = path.join(ROOT, 'dist');
// Built here and moved at the end, so that dist/ is never half a package.
const NEW = path.join(ROOT, 'target', 'dist');
const TARGET = path.join(ROOT, 'target');
const TYPES = path.join(ROOT, 'target', 'types');
const GLUE = path.join(ROOT, 'target', 'glue');
/**
 * The .wasm is built twice: pages, which have to fetch it, get the keys that most use; servers get every kind. Each has a glue of its own.
 */
const PAGE = { pkg: path.join(TARGET, 'wasm-pkg'), glue: path.join(GLUE, 'page.js'), wasm: 'kmseal.wasm' };
const SERVER = {
  pkg: path.join(TARGET, 'wasm-pkg-server'),
  glue: path.join(GLUE, 'server.js'),
  wasm: 'inline/kmseal.wasm',
  features: ['--features', 'every-kind'],
};
const GLUE_TYPES = `
export type * from '../wasm-pkg-server/kmseal.js';
export type Glue = typeof import('../wasm-pkg-server/kmseal.js') & {
  readonly imports: Record<string, WebAssembly.ModuleImports>;
  /** The names of some of the .wasm's exports. */
  readonly memory: string;
  readonly frees: readonly string[];
  __wbg_set_wasm(exports: WebAssembly.Exports): void;
};
export function createGlue(page: { KmsealError: new (code: never, message: string) => Error; randomBytes: (length: number) => Uint8Array }): Glue;
`;
const MANIFEST = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
/**
 * Where the script takes the .wasm from, by folder of dist/, which is the condition under which package.json exports it. Each folder
 * contains every entry point: two copies of the main one in a page do not know each other's keys.
 */
const SOURCES = {
  '.': { source: 'url', made: PAGE },
  inline: { source: 'inline', made: SERVER },
  workerd: { source: 'module', made: SERVER },
  edge: { source: 'module', query: '?module', made: SERVER },
};
/** The entry point that loads a .wasm of its own: few need it. */
const ML_KEM = 'ml-kem';
/** What WebAssembly 2.0 has and the .wasm may use: nothing in it says so. */
const FEATURES = ['bulk-memory', 'multivalue', 'nontrapping-float-to-int', 'sign-ext'].map(
  (name) => `--enable-${name}`,
);
/** The oldest browsers and the oldest Node, as esbuild names them. */
const FLOOR = [...MANIFEST.browserslist, `node ${MANIFEST.engines.node}`].map((line) =>
  line.replace('ios_saf', 'ios').replace(/ ?>= ?| /g, ''),
);
/** The names of the package's entry points: js/NAME.ts becomes dist/NAME.js. */
const ENTRIES = Object.values(MANIFEST.exports).flatMap(
  (target) => /^\.\/dist\/([\w-]+)\.js$/.exec(target.default)?.[1] ?? [],
);
/** Entry points that are types only, js/NAME.d.ts. */
const TYPES_ONLY = Object.entries(MANIFEST.exports).flatMap(([name, target]) =>
  Object.keys(target).join() === 'types' ? name.slice(2) : [],
);
/** Those that package.json exports from a folder of dist/: what is the same everywhere is in one of them only. */
const entriesOf = (folder) => {
  const targets = new Set(Object.values(MANIFEST.exports).flatMap((target) => Object.values(target)));
  return ENTRIES.filter((name) => targets.has(`./${path.posix.join('dist', folder, name)}.js`));
};
const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

/** Sets up, then builds everything. */
export async function build() {
  const { env } = await setup(PACKAGE);
  await rm(NEW, { recursive: true, force: true });
  await mkdir(path.join(NEW, 'inline'), { recursive: true });
  await mkdir(GLUE, { recursive: true });
  await writeFile(
    path.join(GLUE, 'random.d.ts'),
    'export function randomBytes(length: number): Uint8Array<ArrayBuffer>;\n',
  );
  await writeFile(path.join(GLUE, 'glue.d.ts'), GLUE_TYPES);
  // While one core compiles, another one makes smaller what is compiled, one .wasm after the other: each takes one core.
  let smaller = Promise.resolve();
  const next = (work) => {
    smaller = smaller.then(work);
    smaller.catch(() => {}); // It is reported below.
  };
  for (const made of [PAGE, SERVER]) {
    await wasm(made, env);
    next(() => shrunkWasm(made));
  }
  await compile('kmseal-ml-kem', env);
  next(mlKemWasm);
  await types(env);
  await smaller;
  for (const made of [PAGE, SERVER]) await glue(made);
  await javascript();
  await writeFile(path.join(NEW, 'THIRD-PARTY-LICENSES.txt'), await licences());
  await rm(DIST, { recursive: true, force: true });
  await rename(NEW, DIST);
}

/** Compiles a crate of the workspace to target/. */
function compile(name, env, features = []) {
  const args = ['build', '--locked', '--profile', 'wasm', '--package', name, ...features];
  return run('cargo', [...args, '--target', WASM_TARGET, '--target-dir', TARGET], { env: { ...env, ...WASM_ENV } });
}

/** A .wasm made smaller, in dist/; returns the new names of its imports and exports, if `options` ask for them. */
async function shrunk(from, to, options) {
  const between = path.join(TARGET, `between-${path.basename(to)}`);
  // In low memory lies the end of the stack. A common subexpression is shorter in a local, and compresses worse. So are calls without the
  // parameters that a function does not need: with those of their source, functions are more alike.
  const common = ['-Oz', '--low-memory-unused', '--skip-pass=local-cse', '--skip-pass=dae-optimizing', ...FEATURES];
  const wasmOpt = (...args) => promisify(execFile)(bin('wasm-opt'), [...common, ...args]);
  await wasmOpt('--flatten', '--rereloop', '-Oz', '--strip-debug', ...options.size, from, '-o', between);
  await writeFile(between, namedByLikeness(await readFile(between)));
  // -Oz again, since this one finds what the others have made alike. Alignments are hints, which engines do not need, and in which otherwise
  // equal code differs.
  const last = ['--dealign', '--reorder-functions-by-name'];
  last.push('--strip-debug', '--strip-producers', '--strip-target-features');
  return (await wasmOpt(...options.size, ...last, ...options.names, between, '-o', path.join(NEW, to))).stdout;
}

/** @param {string[]} files */
async function hashOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(await readFile(file));
  return hash.digest('hex');
}

/** As shrunk(), which takes seconds: what was made of the same .wasm is taken again. target/shrunk/ has the last one of each. */
async function shrunkOnce(from, to, options) {
  const inputs = [
    from,
    ...['scripts/build.mjs', 'tools/likeness.mjs', 'package-lock.json'].map((name) => path.join(ROOT, name)),
  ];
  const key = (await hashOf(...inputs)) + JSON.stringify(options);
  const folder = path.join(TARGET, 'shrunk', to);
  const [file, about] = [path.join(folder, 'made.wasm'), path.join(folder, 'made.json')];
  const known = await readFile(about, 'utf8').then(JSON.parse, () => ({}));
  // Also the other one's hash: both may be copies that were made while another run replaced them (tools/compiled.mjs).
  if (known.key === key && known.made === (await hashOf(file).catch(() => undefined))) {
    await copyFile(file, path.join(NEW, to));
    return known.names;
  }
  await rm(folder, { recursive: true, force: true });
  const names = await shrunk(from, to, options);
  await mkdir(folder, { recursive: true });
  await copyFile(path.join(NEW, to), file);
  // Last, so that one that was interrupted does not count.
  await writeFile(about, JSON.stringify({ key, made: await hashOf(file), names }));
  return names;
}

/** ML-KEM's .wasm, which needs no glue. */
const mlKemWasm = () =>
  shrunkOnce(path.join(TARGET, WASM_TARGET, 'wasm/kmseal_ml_kem.wasm'), `${ML_KEM}.wasm`, { size: [], names: [] });

/** Rust to a .wasm, with the types of its glue. */
async function wasm({ pkg, features = [] }, env) {
  await compile('kmseal-wasm', env, ['--no-default-features', ...features]);
  // wasm-bindgen takes for wanted what the compiler says that it may use: references, without which the package is smaller (tools/rustc.sh).
  const plain = path.join(TARGET, 'kmseal_wasm.wasm');
  const compiled = path.join(TARGET, WASM_TARGET, 'wasm/kmseal_wasm.wasm');
  await run(bin('wasm-opt'), ['-g', '--strip-target-features', compiled, '-o', plain]);
  // Glue of this kind says nothing about how the .wasm is loaded, which is js/load.ts's.
  const args = ['--target', 'bundler', '--out-dir', pkg, '--out-name', 'kmseal', plain];
  await run('wasm-bindgen', args, { env: { ...env, WASM_BINDGEN_MULTI_VALUE: '1' } });
}

/** That .wasm in dist/. */
async function shrunkWasm({ pkg, wasm }) {
  const options = {
    // Inlining compresses badly, except for the shortest functions.
    size: ['--one-caller-inline-max-function-size=20', '--always-inline-max-function-size=5'],
    // The names of imports and exports, of which wasm-bindgen's hashes alone are 1 KB. Which name is which stands in names.json.
    names: ['--minify-imports-and-exports-and-modules'],
  };
  await writeFile(path.join(pkg, 'names.json'), await shrunkOnce(path.join(pkg, 'kmseal_bg.wasm'), wasm, options));
}

/** Runs esbuild, whose service process would otherwise live as long as the demo. */
async function bundle(options) {
  const { build: esbuild, stop } = await import('esbuild');
  const result = await esbuild({ bundle: true, target: FLOOR, ...options });
  await stop();
  return result;
}

/**
 * wasm-bindgen's glue as a factory: after a trap a fresh instance needs its own glue, whose state belongs to its module. A function around
 * it gives out its exports, what the .wasm imports of it, and the names of those exports of the .wasm that the page itself needs.
 */
async function glue({ pkg, glue: outfile }) {
  const script = path.join(pkg, 'kmseal_bg.js');
  const { metafile } = await bundle({
    entryPoints: [script],
    outdir: GLUE,
    format: 'esm',
    metafile: true,
    write: false,
  });
  const [{ exports }] = Object.values(metafile.outputs);
  const names = JSON.parse(await readFile(path.join(pkg, 'names.json'), 'utf8'));
  const short = Object.fromEntries(names.exports);
  const imports = names.imports.map(([, name, imported]) => `${imported}: ${name}`);
  // In quotes, so that they keep their names.
  const own = exports
    .filter((name) => !names.imports.some(([, imported]) => imported === name))
    .map((name) => `'${name}': ${name}`);
  const frees = names.exports.flatMap(([name, exported]) => (name.endsWith('free') ? [exported] : []));
  const about = `'memory': '${short.memory}', frees: ${JSON.stringify(frees)}`;
  const contents = `import { ${exports} } from './kmseal_bg.js';\nglue = { ${own}, imports: { a: { ${imports} } }, ${about} };`;
  const before = [
    'export function createGlue({ KmsealError, randomBytes }) {',
    // Jest's jsdom hides these two of Node's.
    "const { TextDecoder, TextEncoder } = 'TextDecoder' in globalThis ? globalThis : globalThis.process.getBuiltinModule('node:util');",
    'let glue;',
  ];
  const wrapper = { banner: { js: before.join('\n') }, footer: { js: 'return glue;\n}' } };
  // The page has it, too, and gives it.
  const given = {
    name: 'given',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\/random\.js$/ }, ({ path: name }) => ({ path: name, namespace: 'given' }));
      onLoad({ filter: /./, namespace: 'given' }, () => ({
        contents: 'const given = randomBytes; export { given as randomBytes };',
      }));
    },
  };
  // The package disposes of these objects in its own way.
  const define = { 'Symbol.dispose': 'undefined' };
  // What it calls of the .wasm it calls by the names that wasm-opt gave. Some names of its own get short ones, too.
  const long = [...Object.keys(short), '__wrap', '__destroy_into_raw', '__wbg_ptr'];
  const mangled = { mangleProps: new RegExp(`^(?:${long.join('|')})$`), mangleCache: short };
  await bundle({
    stdin: { contents, resolveDir: pkg },
    outfile,
    format: 'iife',
    define,
    plugins: [given],
    ...mangled,
    ...wrapper,
  });
}

/**
 * TypeScript to dist/: one file per entry point, which imports the other ones and so holds none of their code. It is left readable, with
 * source maps: nobody can audit minified code, and bundlers minify it anyway.
 */
async function javascript() {
  for (const [folder, from] of Object.entries(SOURCES)) {
    const names = entriesOf(folder);
    const others = names.filter((name) => name !== ML_KEM);
    await scripts(folder, others, { ...from, wasm: from.made.wasm, load: 'load()' });
    await scripts(folder, [ML_KEM], { ...from, wasm: `${ML_KEM}.wasm`, load: `load() of kmseal/${ML_KEM}` });
  }
}

/** The scripts of some entry points in a folder of dist/, which load the same .wasm. `load`: what loads it by hand, as errors name it. */
async function scripts(folder, names, { source, query = '', made, wasm, load }) {
  const file = path.join(NEW, wasm);
  const hash = createHash('sha384').update(await readFile(file));
  const importedModule = {
    name: 'imported module',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^#wasm-module$/ }, () => ({ path: `../${wasm}${query}`, external: true })),
  };
  // Each entry point imports the others from its own folder, wherever in js/ its own files do so.
  const otherEntries = {
    name: 'other entry points',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path: imported, resolveDir }) => {
        const { dir, name } = path.parse(path.resolve(resolveDir, imported));
        return dir === JS && ENTRIES.includes(name) ? { path: `./${name}.js`, external: true } : undefined;
      }),
  };
  const kinds = {
    name: 'kinds of key',
    setup: ({ onResolve }) =>
      onResolve({ filter: /\/rsa-key\.js$/ }, () =>
        made === PAGE ? { path: path.join(JS, 'io/kinds.ts') } : undefined,
      ),
  };
  await bundle({
    entryPoints: names.map((name) => path.join(JS, `${name}.ts`)),
    outdir: path.join(NEW, folder),
    format: 'esm',
    // Only in the folder that developers inspect, in browsers and in Node; the other folders' files differ by a line.
    sourcemap: ['.', 'inline'].includes(folder),
    alias: {
      '#glue': made.glue,
      '#random': path.join(ROOT, 'wasm/src/random.js'),
      '#wasm-source': path.join(JS, 'wasm', `${source}.ts`),
      '#wasm-bytes': file,
    },
    loader: { '.wasm': 'binary' },
    // For wasm/src/random.js, which imports nothing.
    inject: [path.join(JS, 'errors.ts')],
    plugins: [importedModule, otherEntries, kinds],
    external: [...Object.keys(MANIFEST.peerDependencies ?? {}), 'node:*'],
    define: {
      KMSEAL_INTEGRITY: JSON.stringify(`sha384-${hash.digest('base64')}`),
      KMSEAL_WASM: JSON.stringify(path.basename(wasm)),
      KMSEAL_WASM_URL: JSON.stringify(`./${path.basename(wasm)}`),
      KMSEAL_LOAD: JSON.stringify(load),
      KMSEAL_EVERY_KIND: String(made === SERVER),
      KMSEAL_VERSION: JSON.stringify(MANIFEST.version),
    },
  });
}

/** Copies the types that the entry points' types refer to, to dist/. */
async function types(env) {
  const [tsc, ...first] = compiler();
  const own = ['glue.d.ts', 'random.d.ts'].map((name) => path.join(GLUE, name));
  const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipDefaultLibCheck', '--module', 'nodenext'];
  options.push('--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable', '--types', '');
  // Alone, since the project leaves out all declarations: checking those of others takes three times as long as the rest.
  await run(tsc, [...first, ...options, ...own], { env });
  await run(tsc, [...first, '--project', 'js'], { env });
  const found = new Set(ENTRIES);
  for (const name of found) {
    const file = path.join(TYPES, `${name}.d.ts`);
    for (const [, other] of (await readFile(file, 'utf8')).matchAll(/from '(\.\.?\/.+)\.js'/g))
      found.add(path.posix.join(path.posix.dirname(name), other));
    const copy = path.join(NEW, `${name}.d.ts`);
    await mkdir(path.dirname(copy), { recursive: true });
    await copyFile(file, copy);
  }
  // The frameworks' declarations of the element have no script.
  await mkdir(path.join(NEW, 'jsx'));
  for (const name of [...TYPES_ONLY, 'jsx/attributes'])
    await copyFile(path.join(JS, `${name}.d.ts`), path.join(NEW, `${name}.d.ts`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build();
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
