// Thousands of small files chosen in <kmseal-file>, compared with the Sealer alone on the same files.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { withStage } from './support/stage.mjs';

const SEALED_FILES = 1000;
const CHOSEN_FILES = 3000;

export const title = 'Many files of 1 KiB in the element, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ folder, browse }) => {
    const place = path.join(folder, 'many');
    mkdirSync(place);
    const paths = Array.from({ length: CHOSEN_FILES }, (_, index) => path.join(place, `${index}.bin`));
    for (const one of paths) writeFileSync(one, randomBytes(1024));
    const measure = (chosen) =>
      browse('chromium', async (browser) => {
        await browser.evaluate(() => void (document.querySelector('input').multiple = true));
        await browser.chooseFiles('input', chosen);
        return browser.evaluate(async () => (await import('/bench/many-files.js')).manyFiles());
      });
    const few = await measure(paths.slice(0, SEALED_FILES));
    const many = await measure(paths);
    const note = ({ element, alone }) => `${element.toFixed(1)} s to ${alone.toFixed(1)} s`;
    return [
      {
        what: `${SEALED_FILES} files: the element's time to the Sealer's alone`,
        value: few.element / few.alone,
        unit: 'x',
        most: 1.5,
        note: note(few),
      },
      { what: `${CHOSEN_FILES} files: likewise`, value: many.element / many.alone, unit: 'x', note: note(many) },
      { what: `${CHOSEN_FILES} files: the longest task`, value: many.longest, unit: 'ms', most: 200 },
    ];
  });
