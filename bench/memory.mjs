// What sealing a file of 2 GiB to a drained stream costs the page: memory, and time that it does not answer.
import { makeFile } from './support/files.mjs';
import { watchMemory } from './support/memory.mjs';
import { withStage } from './support/stage.mjs';

export const title = 'File of 2 GiB to a drained stream, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ folder, browse }) => {
    const file = await makeFile(folder, 2048);
    return browse('chromium', async (browser) => {
      await browser.chooseFiles('input', [file]);
      await browser.evaluate(async () => (await import('/bench/memory.js')).prepareMemory());
      const watch = await watchMemory(browser.driver);
      const tasks = await browser.evaluate(async () => (await import('/bench/memory.js')).sealWatched());
      const { renderers } = await watch.stop();
      return [
        { what: "renderer's memory above its start (PSS)", value: renderers, unit: 'MiB', most: 128 },
        { what: 'main-thread tasks over 50 ms', value: tasks.length, unit: '', most: 0, note: tasks.length ? `${Math.max(...tasks)} ms` : '' },
      ];
    });
  });
