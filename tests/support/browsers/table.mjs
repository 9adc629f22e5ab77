// Tables of what must fail: every row is a call in a page, and the error that it must raise.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './browser.mjs';
import { startServer } from '../servers/server.mjs';

/** Runs in the page: every call in turn, and what it threw. */
const RUN = async (kmseal, prepare, calls, afterwards) => {
  const page = { kmseal, ...(await prepare(kmseal, globalThis.values)) };
  const outcomes = [];
  const late = () =>
    new Promise((resolve) => {
      setTimeout(resolve, 60_000, 'nothing in a minute');
    });
  for (const call of calls) {
    try {
      outcomes.push({ error: `none: it gave ${await Promise.race([call(page), late()])}`.slice(0, 60), message: '' });
    } catch (error) {
      outcomes.push({
        error: error instanceof kmseal.KmsealError ? error.code : error?.name,
        message: String(error?.message),
      });
    }
  }
  return { outcomes, afterwards: await afterwards(page) };
};

/**
 * What must fail: what is wrong, the code or the error's name, what its sentence must say, and the call. The call travels as text: it sees
 * nothing but what `prepare` returned, and `kmseal`.
 * @typedef {{ title: string, error: string, says: RegExp, call: (page: any) => unknown }} Row
 */

/**
 * One test for each row and browser.
 * @param {string[]} browsers
 * @param {Row[]} rows
 * @param {{ values: () => unknown, prepare: (kmseal: object, values: any) => object, afterwards: (page: object) => unknown,
 *   unharmed: (afterwards: any) => void }} options values: made here and sent to the page; prepare: runs in the page, once;
 *   afterwards: runs there at the end, to show that no refusal broke anything; unharmed: checks what it gave
 */
export function refuses(browsers, rows, { values, prepare, afterwards, unharmed }) {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.close());

  for (const name of browsers) {
    describe(name, () => {
      let ran;
      before(async () => {
        const browser = await launch(name);
        try {
          await browser.driver.get(`${server.origin}/pages/blank.html`);
          await browser.evaluate(
            (sent) => {
              globalThis.values = sent;
            },
            await values(),
          );
          const calls = rows.map(({ call }) => call).join(',\n');
          ran = await browser.evaluate(
            `(${RUN})(await import('/dist/index.js'), ${prepare}, [${calls}], ${afterwards})`,
          );
        } finally {
          await browser.close();
        }
      });
      rows.forEach(({ title, error, says }, index) => {
        test(`${title} fails with ${error}`, () => {
          const outcome = ran.outcomes[index];
          assert.equal(outcome.error, error, outcome.message);
          assert.match(outcome.message, says);
        });
      });
      test('the package works unharmed after all these failures', () => unharmed(ran.afterwards));
    });
  }
}
