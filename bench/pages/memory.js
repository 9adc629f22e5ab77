import { chosenFile, drain, expectLength, sealerAndOpener } from './tools.js';

/** Prepares the page, so that only sealing is measured. */
export async function prepareMemory() {
  const { sealer } = await sealerAndOpener();
  await sealer.seal(new Uint8Array(1));
  globalThis.sealer = sealer;
}

/** Seals the chosen file to a drained stream; returns the milliseconds of every task that held the main thread for over 50. */
export async function sealWatched() {
  const tasks = [];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
  observer.observe({ type: 'longtask' });
  const sealed = await globalThis.sealer.prepare(chosenFile());
  expectLength(await drain(sealed.stream()), sealed.size);
  // Entries are delivered by a task of their own.
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return tasks.map(({ duration }) => duration);
}
