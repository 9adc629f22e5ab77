// kmseal in an application of Angular 20 with zone.js. Its CLI turns asynchronous functions into chains of zone.js's promises.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BROWSERS } from '../../tools/browsers.mjs';
import { Opener } from '../../dist/index.js';
import { npmTools } from '../../tools/npm.mjs';
import { blocksOf } from '../docs/blocks.mjs';
import { launch } from '../support/browsers/browser.mjs';
import { startHost } from '../support/servers/host.mjs';
import { makeKeyPair } from '../support/page/engines.mjs';
import { installTarball } from '../support/tarball.mjs';

const APP = fileURLToPath(new URL('angular20', import.meta.url));
const OPERATIONS = fileURLToPath(new URL('../platform/operations.mjs', import.meta.url));

let tarball;
let host;
before(async () => {
  const tools = await npmTools('tests/consumers/angular20');
  tarball = installTarball({ within: tools });
  const { project } = tarball;
  for (const name of ['angular.json', 'tsconfig.json', 'src'])
    cpSync(path.join(APP, name), path.join(project, name), { recursive: true });
  cpSync(OPERATIONS, path.join(project, 'src', 'operations.mjs'));
  const [accessor] = blocksOf('docs/form.md').filter(({ heading }) => heading === 'Angular');
  writeFileSync(path.join(project, 'src', 'accessor.ts'), accessor.code);
  const ng = path.join(tools, 'node_modules/@angular/cli/bin/ng.js');
  await promisify(execFile)(process.execPath, [ng, 'build'], { cwd: project, env: { ...process.env, CI: 'true' } });
  host = await startHost({ folders: { '/app/': path.join(project, 'dist/app/browser') } });
});
after(async () => {
  await host?.close();
  tarball?.remove();
});

for (const name of BROWSERS) {
  test(`every operation works in ${name}`, async () => {
    const browser = await launch(name);
    try {
      await browser.driver.get(`${host.origin}/app/index.html`);
      const outcomes = await browser.evaluate(
        async (pair) => {
          if (!document.querySelector('app-root p')?.textContent.includes('ZoneAwarePromise'))
            throw new Error('the application does not run with zone.js');
          return globalThis.tryAll(pair);
        },
        await makeKeyPair(),
      );
      assert.deepEqual(
        Object.entries(outcomes).filter(([, outcome]) => outcome !== 'right'),
        [],
      );
      assert.equal(Object.keys(outcomes).length, 18);
    } finally {
      await browser.close();
    }
  });
}

for (const name of BROWSERS) {
  test(`formControlName holds the envelopes in ${name}, with the lines of docs/form.md`, async () => {
    const browser = await launch(name);
    try {
      await browser.driver.get(`${host.origin}/app/index.html`);
      const { early, late, envelope, ...found } = await browser.evaluate(async () => {
        const until = async (what) => {
          while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
        };
        await until(() => document.querySelector('kmseal-file')?.shadowRoot);
        const { papers } = globalThis;
        const { doc } = papers.controls;
        const element = document.querySelector('kmseal-file');
        const look = () => [
          doc.valid,
          Object.keys(doc.errors ?? {}).sort(),
          doc.value?.map(({ name }) => name) ?? null,
        ];
        const missing = look();
        element.add([new File(['the paper'], 'my-diagnosis.txt')]);
        const early = look();
        await until(() => doc.valid);
        const late = [look(), doc.touched];
        element.focus();
        document.querySelector('input:not([type])').focus();
        const touched = doc.touched;
        const envelope = new Uint8Array(await doc.value[0].arrayBuffer());
        doc.disable();
        const { disabled } = element;
        doc.enable();
        papers.reset();
        return {
          missing,
          early,
          late,
          touched,
          disabled,
          enabled: !element.disabled,
          envelope,
          left: element.files.length,
          reset: look(),
        };
      });
      const required = [false, ['required'], null];
      assert.deepEqual(found, {
        missing: required,
        touched: true,
        disabled: true,
        enabled: true,
        left: 0,
        reset: required,
      });
      assert.deepEqual(
        { early, late },
        { early: [false, ['kmsealFile', 'required'], null], late: [[true, [], ['file-1.kmseal']], false] },
      );
      const opener = new Opener({ keyIds: [host.key.KeyId], decrypt: host.kms.decrypt });
      const { plaintext } = await opener.open(envelope, { encryptionContext: { user: '4711' } });
      assert.equal(Buffer.from(plaintext).toString(), 'the paper');
    } finally {
      await browser.close();
    }
  });
}
