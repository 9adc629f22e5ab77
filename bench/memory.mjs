// What sealing a file of 2 GiB to a drained stream costs the page: memory, and time in which it does not respond.
import { median } from './support/figures.mjs';
import { makeFile } from './support/files.mjs';
import { watchMemory } from './support/memory.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;

export const title = 'File of 2 GiB to a drained stream, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ folder, browse }) => {
    const file = await makeFile(folder, 2048);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push(await browse('chromium', (browser) => once(browser, file)));
    const memory = rounds.map(({ renderers }) => renderers);
    const tasks = rounds.flatMap((round) => round.tasks);
    const worst = `${Math.round(Math.max(...memory))} MiB at most, of ${ROUNDS} fresh browsers`;
    return [
      { what: "renderer's memory above its start (PSS)", value: median(memory), unit: 'MiB', most: 128, note: worst },
      {
        what: 'main-thread tasks over 50 ms',
        value: tasks.length,
        unit: '',
        most: 0,
        note: tasks.length ? `${Math.max(...tasks)} ms` : '',
      },
    ];
  });

async function once(browser, file) {
  await browser.chooseFiles('input', [file]);
  await browser.evaluate(async () => (await import('/bench/memory.js')).prepareMemory());
  const watch = await watchMemory(browser.driver);
  const tasks = await browser.evaluate(async () => (await import('/bench/memory.js')).sealWatched());
  const { renderers } = await watch.stop();
  return { renderers, tasks };
}
