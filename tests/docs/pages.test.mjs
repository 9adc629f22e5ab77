// Every code block of every page runs: in Chromium, Node, Python or a shell, against the emulator's KMS and S3. What runs a page's
// blocks is in runs/, by heading and language; what other tests run, and what nothing here can run, is in elsewhere.mjs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { PAGES, blocksOf } from './blocks.mjs';
import { NOT_RUN, RUN_BY_OTHERS } from './elsewhere.mjs';
import { startStage } from './stage.mjs';

let stage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.close());

/** For a page: by heading, one function for all blocks of a language (or of several languages) there. */
async function runsOf(page) {
  const file = new URL(`runs/${page.replace(/^.*\/|\.md$/g, '').toLowerCase()}.mjs`, import.meta.url);
  return existsSync(file) ? (await import(file)).default : {};
}

/** `text` shows a layout or an output. What a test compares it with is in format.test.mjs and command.test.mjs. */
const runnable = ({ language }) => language !== 'text';

for (const page of PAGES) {
  const blocks = blocksOf(page).filter(runnable);
  const runs = await runsOf(page);
  const matches =
    ({ heading, language }) =>
    (entry) =>
      entry.page === page && (entry.heading ?? heading) === heading && (entry.language ?? language) === language;
  const elsewhere = [...RUN_BY_OTHERS, ...NOT_RUN].filter((entry) => entry.page === page);
  if (blocks.length === 0 && Object.keys(runs).length === 0) continue;

  describe(page, () => {
    for (const [heading, byLanguage] of Object.entries(runs)) {
      for (const [languages, run] of Object.entries(byLanguage)) {
        const names = languages.split(', ');
        const codes = () =>
          blocks.filter((block) => block.heading === heading && names.includes(block.language)).map(({ code }) => code);
        test(`the blocks of ${page} under "${heading}" (${languages}) do what the page says`, () => {
          assert.ok(codes().length > 0, `${page} has no such block`);
          return run(stage, ...codes());
        });
      }
    }

    test(`something runs every block of ${page}, and every entry of it has a block`, () => {
      const ran = ({ heading, language }) =>
        Object.keys(runs[heading] ?? {}).some((languages) => languages.split(', ').includes(language));
      const leftOut = blocks.filter((block) => !ran(block) && !elsewhere.some(matches(block)));
      assert.deepEqual(
        leftOut.map(({ heading, language }) => `${heading} (${language})`),
        [],
      );
      assert.deepEqual(
        elsewhere.filter((entry) => !blocks.some((block) => matches(block)(entry))),
        [],
      );
    });
  });
}

for (const { page, heading, test: file } of RUN_BY_OTHERS) {
  test(`${file} takes the blocks of ${page}${heading ? `, "${heading}"` : ''}`, () => {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
    assert.ok(text.includes(page) && (!heading || text.includes(heading)), 'it does not name them');
  });
}

test('a block that nothing runs has its reason written beside it', () => {
  for (const { page, reason } of NOT_RUN) assert.match(reason, /^\S.{20,}$/, page);
});
