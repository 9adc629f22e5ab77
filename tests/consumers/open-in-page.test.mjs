// examples/open-in-page/page in bundlers: its service worker stays a file beside the page, without which large files could not be saved.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startProject } from '../support/consumers.mjs';
import { ROOT } from '../../tools/run.mjs';

let project;
before(async () => {
  project = await startProject();
  cpSync(path.join(ROOT, 'examples/open-in-page/page'), project.inProject('page'), { recursive: true });
});
after(() => project?.remove());

async function vite(outDir) {
  const { build } = await project.tool('vite');
  await build({ root: project.inProject('page'), configFile: false, logLevel: 'silent', build: { outDir } });
}

async function webpack(outDir) {
  const { default: pack } = await project.tool('webpack');
  const settings = {
    mode: 'production',
    context: project.inProject('page'),
    entry: './index.js',
    output: { path: outDir },
  };
  await new Promise((resolve, reject) => {
    pack(settings, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve(),
    );
  });
}

for (const bundle of [vite, webpack]) {
  test(`${bundle.name} leaves the worker of examples/open-in-page a file beside the page`, async () => {
    const out = project.inProject(`out-${bundle.name}`);
    await bundle(out);
    const names = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.js'));
    assert.deepEqual(
      names.filter((name) => name.includes('worker')),
      [],
    );
    const script = names.map((name) => readFileSync(path.join(out, name), 'utf8')).join('\n');
    assert.match(script, /register\(new URL\([`'"]save-worker\.js[`'"],\s?document\.baseURI\)/);
    assert.doesNotMatch(script, /data:text\/javascript/);
  });
}
