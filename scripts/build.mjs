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
import { licences } from './licences.mjs';
import { ROOT, run } from './lib/run.mjs';
import { setup } from './setup.mjs';

const DIST = path.join(ROOT, 'dist');
// Built here and moved at the end, so that dist/ is never half a package.
const NEW = path.join(ROOT, 'target', 'dist');
const PKG = path.join(ROOT, 'target', 'wasm-pkg');
const TYPES = path.join(ROOT, 'target', 'types');
const GLUE = path.join(ROOT, 'target', 'glue');
const MANIFEST = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
/**
 * Where the script takes the .wasm from, by the folder of dist/ and so by the condition under which package.json exports it. Each folder
 * holds every entry point: a page that has two copies of the main one has two that do not know each other's keys.
 */
const SOURCES = {
  '.': { source: 'url' },
  inline: { source: 'inline' },
  workerd: { source: 'module', module: '../kmseal.wasm' },
  edge: { source: 'module', module: '../kmseal.wasm?module' },
};
/** The names of the package's entry points: js/NAME.ts becomes dist/NAME.js. */
const ENTRIES = Object.values(MANIFEST.exports).flatMap((target) => /^\.\/dist\/([\w-]+)\.js$/.exec(target.default)?.[1] ?? []);
/** Those that are types alone, js/NAME.d.ts. */
const TYPES_ONLY = Object.entries(MANIFEST.exports).flatMap(([name, target]) => (Object.keys(target).join() === 'types' ? name.slice(2) : []));
const bin = (name) => path.join(ROOT, 'node_modules', '.bin', name);

/** Sets up, then builds everything. */
export async function build() {
  const { env } = await setup({ npm: true, rust: true });
  await rm(NEW, { recursive: true, force: true });
  await mkdir(NEW, { recursive: true });
  await wasm(env);
  await glue();
  await javascript();
  await types(env);
  await writeFile(path.join(NEW, 'THIRD-PARTY-LICENSES.txt'), await licences());
  await rm(DIST, { recursive: true, force: true });
  await rename(NEW, DIST);
}

/** Rust to dist/kmseal.wasm. */
async function wasm(env) {
  const args = ['build', 'wasm', '--release', '--target', 'web', '--mode', 'no-install', '--no-pack'];
  await run('wasm-pack', [...args, '--out-dir', PKG, '--out-name', 'kmseal'], { env });
  // wasm-opt shortens the names of imports, of which wasm-bindgen's hashes alone are 1 KB, only if their module is called so.
  const [from, to] = ['./kmseal_bg.js', 'wasi_kmsealbg0']; // as long, since the file says how long it is
  const input = path.join(PKG, 'renamed.wasm');
  const bytes = await readFile(path.join(PKG, 'kmseal_bg.wasm'), 'latin1');
  await writeFile(input, bytes.replaceAll(from, to), 'latin1');
  // Inlining compresses badly, but of the shortest functions; like functions beside like ones well: 4 % of the package. In low memory
  // lies the end of the stack.
  const inline = ['--one-caller-inline-max-function-size=20', '--always-inline-max-function-size=5'];
  const shrink = ['-Os', ...inline, '--low-memory-unused', '--reorder-functions-by-name', '--strip-debug', '--strip-producers'];
  shrink.push('--minify-imports-and-exports', input, '-o', path.join(NEW, 'kmseal.wasm'));
  const { stdout } = await promisify(execFile)(bin('wasm-opt'), shrink);
  const { imports, exports } = JSON.parse(stdout);
  // For tests, which look for exports by their long names.
  await writeFile(path.join(PKG, 'exports.json'), JSON.stringify(Object.fromEntries(exports)));
  const short = new Map([[from, to], ...imports.map(([, name, shortened]) => [name, shortened]), ...exports]);
  const script = await readFile(path.join(PKG, 'kmseal.js'), 'utf8');
  const names = /__wb\w+(?=: function)|\.\/kmseal_bg\.js|(?<=\bwasm\.)\w+/g;
  await writeFile(path.join(PKG, 'kmseal.js'), script.replace(names, (name) => short.get(name) ?? name));
}

/** Runs esbuild, whose service process would otherwise live as long as the demo. */
async function bundle(options) {
  const { build: esbuild, stop } = await import('esbuild');
  await esbuild({ bundle: true, target: 'es2022', ...options });
  await stop();
}

/** Drops an instance that trapped: its exports, and views of its memory. Finalizers of its handles call what does nothing. */
const DISCARD = 'wasm = new Proxy({}, { get: () => () => {} }); wasmInstance = undefined; cachedUint8ArrayMemory0 = cachedDataViewMemory0 = null;';

/** wasm-bindgen's glue as a factory: after a trap a fresh instance needs glue of its own, whose state is its module's. */
async function glue() {
  await mkdir(GLUE, { recursive: true });
  const outfile = path.join(GLUE, 'glue.js');
  // Not its default export, which would load the .wasm in a way of its own.
  await bundle({ stdin: { contents: "export * from './kmseal.js';", resolveDir: PKG }, outfile, format: 'esm' });
  const script = (await readFile(outfile, 'utf8'))
    // What esbuild itself would make a function of takes 300 bytes more.
    .replace(/^export \{(?=[\w\s,]*\};\s*$)/m, `return {\n  discard() { ${DISCARD} },`)
    // Nobody disposes of these objects but the package, in its own way, and every browser that it runs in knows finalizers.
    .replace(/^if \(Symbol\.dispose\).*$/gm, '')
    .replace(/typeof FinalizationRegistry === "undefined" \? \{[^}]*\}, [^}]*\} \} : /g, '')
    // It is given a module, of whichever realm, and nothing else.
    .replace(/if \(!\(module instanceof WebAssembly\.Module\)\) \{[^}]*\}/, '');
  const foreign = /instanceof (?!klass\b)\w+/.exec(script);
  if (foreign) throw new Error(`the glue asks for a class of its own realm: ${foreign[0]}`);
  // Jest's jsdom hides these two of Node's.
  const coders = "const { TextDecoder, TextEncoder } = 'TextDecoder' in globalThis ? globalThis : globalThis.process.getBuiltinModule('node:util');";
  await writeFile(outfile, `export function createGlue() {\n${coders}\n${script}}\n`);
  await writeFile(path.join(GLUE, 'random.d.ts'), 'export function randomBytes(length: number): Uint8Array<ArrayBuffer>;\n');
  const types = "export * from '../wasm-pkg/kmseal.js';\nexport type Glue = typeof import('../wasm-pkg/kmseal.js') & { discard(): void };\nexport function createGlue(): Glue;\n";
  await writeFile(path.join(GLUE, 'glue.d.ts'), types);
}

/** TypeScript to dist/: one file per entry point, which imports the other ones and so holds none of their code. */
async function javascript() {
  const wasm = path.join(NEW, 'kmseal.wasm');
  const hash = createHash('sha384').update(await readFile(wasm));
  for (const [folder, { source, module }] of Object.entries(SOURCES)) {
    const importedModule = {
      name: 'imported module',
      setup: ({ onResolve }) => onResolve({ filter: /^#wasm-module$/ }, () => ({ path: module, external: true })),
    };
    await bundle({
      entryPoints: ENTRIES.map((name) => path.join(ROOT, 'js', `${name}.ts`)),
      outdir: path.join(NEW, folder),
      format: 'esm',
      minify: true,
      alias: {
        '#glue': path.join(GLUE, 'glue.js'),
        '#random': path.join(ROOT, 'wasm/src/random.js'),
        '#wasm-source': path.join(ROOT, 'js/wasm', `${source}.ts`),
        '#wasm-bytes': wasm,
      },
      loader: { '.wasm': 'binary' },
      plugins: [importedModule],
      // With the star esbuild looks at what is written in the import.
      external: [...ENTRIES.map((name) => `./${name}.js*`), ...Object.keys(MANIFEST.peerDependencies ?? {}), 'node:*'],
      define: {
        KMSEAL_INTEGRITY: JSON.stringify(`sha384-${hash.copy().digest('base64')}`),
        KMSEAL_VERSION: JSON.stringify(MANIFEST.version),
      },
    });
  }
}

/** The types that those of the entry points reach, to dist/. */
async function types(env) {
  await run(bin('tsc'), ['--project', 'js'], { env });
  const found = new Set(ENTRIES);
  for (const name of found) {
    const file = path.join(TYPES, `${name}.d.ts`);
    for (const [, other] of (await readFile(file, 'utf8')).matchAll(/from '\.\/(.+)\.js'/g)) found.add(other);
    await copyFile(file, path.join(NEW, `${name}.d.ts`));
  }
  // What frameworks are told of the element has no script.
  await mkdir(path.join(NEW, 'jsx'));
  for (const name of [...TYPES_ONLY, 'jsx/attributes']) await copyFile(path.join(ROOT, 'js', `${name}.d.ts`), path.join(NEW, `${name}.d.ts`));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build();
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
