// The table of docs/hosting.md that says what the tests run: the versions that they install, and the files that they are in.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

/** Tools by the folder whose package-lock.json says their versions. */
const CONSUMERS = 'tools/requirements/consumers';
const BUILDS = 'tests/consumers/builds';
const CLIENTS = 'tests/consumers/client-builds';

/** The installed tools of each row, by its first cell and its test, in the order of the versions. */
const ROWS = {
  'Vite, builds': [BUILDS, ['vite-4', 'vite-5', 'vite-6', 'vite-7']],
  'Vite, bundlers': [CONSUMERS, ['vite']],
  'webpack, Rspack, Rollup, esbuild, bundlers': [CONSUMERS, ['webpack', '@rspack/core', 'rollup', 'esbuild']],
  'Rollup, esbuild, webpack without URLs, missing-lines': [CONSUMERS, ['rollup', 'esbuild', 'webpack']],
  'Parcel, builds': [BUILDS, ['parcel']],
  'Angular CLI, angular': ['tests/consumers/angular', ['20', '22']],
  'Next.js: server component, route handler, page, next-parts': [CONSUMERS, ['next']],
  'Next.js: route of the edge runtime, next-parts': [CONSUMERS, ['next']],
  'SvelteKit, Nuxt, Astro, React Router, client-builds': [CLIENTS, ['@sveltejs/kit', 'nuxt', 'astro', 'react-router']],
  'a Lambda bundle, builds': [BUILDS, ['esbuild']],
  'Deno, Bun, runtimes': [CONSUMERS, ['deno', 'bun']],
  'workerd, builds': [BUILDS, ['miniflare']],
  'Jest, jest': ['tests/consumers/components', ['jest']],
  'Vitest, vitest': ['tests/consumers/vitest', ['vitest']],
};

const section = read('docs/hosting.md').split('## What the tests run')[1].split('\n## ')[0];
const rows = Array.from(
  section.matchAll(/^\| (?!where|---)(.+?) \| (.+?) \| (.+?) \| (.+?) \|$/gm),
  ([, ...cells]) => cells,
);

/** A version as the table has it: before 1.0 a minor version may break. */
function versionOf(folder, name) {
  const isAngular = /^\d+$/.test(name);
  const { packages } = JSON.parse(read(`${folder}${isAngular ? name : ''}/package-lock.json`));
  const { version } = packages[`node_modules/${isAngular ? '@angular/cli' : name}`];
  return /^(?:0\.\d+|[1-9]\d*)/.exec(version)[0];
}

test('docs/hosting.md names the versions of bundlers and frameworks that the tests install', () => {
  const named = new Map();
  for (const [where, versions, , files] of rows)
    named.set(`${where}, ${/([\w-]+)\.test\.mjs/.exec(files)[1]}`, versions.match(/\d+(?:\.\d+)?/g));
  const installed = Object.entries(ROWS).map(([row, [folder, names]]) => [
    row,
    names.map((name) => versionOf(folder, name)),
  ]);
  assert.deepEqual(
    installed.map(([row]) => [row, named.get(row)]),
    installed,
  );
});

test('docs/hosting.md names the versions of Node that bundles and programs run in', () => {
  const cells = (where) => rows.find(([one]) => one === where);
  assert.equal(cells('Node')[1], '20, 22, 24');
  assert.equal(cells('a Lambda bundle')[2], 'Node 20, 22, 24');
  const { packages } = JSON.parse(read(`${BUILDS}/package-lock.json`));
  for (const version of ['22', '24'])
    assert.ok(packages[`node_modules/node-${version}`].version.startsWith(`${version}.`));
});

test('every test that the table of docs/hosting.md names exists', () => {
  const files = rows.flatMap(([, , , cell]) => {
    const [first, ...others] = Array.from(cell.matchAll(/`([^`]+)`/g), ([, file]) => file);
    return [first, ...others.map((file) => path.join(path.dirname(first), file))];
  });
  assert.ok(files.length >= rows.length && rows.length > 15, files.join());
  assert.deepEqual(
    files.filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
});
