// What the documents point to is there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/lib/run.mjs';
import { DOCUMENTS, PAGES } from './blocks.mjs';

const FOLDERS = 'bench|cli|examples|fuzz|infra|js|scripts|src|tests|wasm|www|\\.github';

for (const document of [...DOCUMENTS, ...PAGES]) {
  test(document, () => {
    const text = readFileSync(path.join(ROOT, document), 'utf8').replace(/^```[^]*?^```$/gm, '');
    const links = Array.from(text.matchAll(/\]\((?!https?:|#)([^)#]+)/g), ([, target]) => target);
    const files = Array.from(text.matchAll(new RegExp(`\`((?:${FOLDERS})/[^\`*<\\s]*)\``, 'g')), ([, target]) => target);
    const missing = [...links.map((link) => path.join(path.dirname(document), link)), ...files].filter((target) => !existsSync(path.join(ROOT, target)));
    assert.deepEqual(missing, []);
  });
}
