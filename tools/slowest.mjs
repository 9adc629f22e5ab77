// A reporter of Node's test runner, beside another one: at the end, the files that took longest, so that nobody has to look for them.

const SHOWN = 30;

/** @param {AsyncIterable<{ type: string, data: any }>} events */
export default async function* slowest(events) {
  /** @type {[string, number][]} milliseconds of a file from its first test's start to its end */
  const times = [];
  for await (const { type, data } of events) {
    // A file is a suite of its process (test-group.mjs).
    if (type !== 'test:complete' || data.nesting > 0 || data.details.type !== 'suite') continue;
    times.push([data.name, data.details.duration_ms]);
  }
  times.sort(([, a], [, b]) => b - a);
  if (times.length < 2) return;
  yield `\nthe slowest of ${times.length} files, in seconds:\n`;
  for (const [file, time] of times.slice(0, SHOWN)) yield `${(time / 1000).toFixed(1).padStart(8)}  ${file}\n`;
}
