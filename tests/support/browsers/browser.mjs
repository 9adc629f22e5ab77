// Real browsers: Chromium, Firefox and WebKitGTK, through their WebDrivers.
import { randomUUID } from 'node:crypto';
import { By } from 'selenium-webdriver';
import { NONCE, publish } from '../servers/server.mjs';
import { lease } from './lease.mjs';
import { PLAIN, startBrowser } from './start.mjs';

/**
 * A browser that nobody else uses: one of the pool where a run has one, as if it were new, else one of its own. With options it is always
 * its own, and Chromium is the one that people have; without, it is the one without windows.
 *
 * `evaluate(code, ...values)` runs a function, or an expression given as a string, in a page of startServer() and returns
 * what it comes to; it rejects with what that throws. Values and result are JSON in which Uint8Arrays may stand.
 * `chooseFiles(selector, paths)` chooses files in an `<input type=file>`. `driver` is selenium-webdriver's.
 * `downloads` is the folder of what Chromium and Firefox download.
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {{ args?: string[], preferences?: Record<string, unknown>, env?: Record<string, string>, hasWindows?: boolean }} [options] args:
 *   further command-line arguments of the browser; preferences: settings by the browser's own names, which WebKitGTK's has not; env: of its
 *   processes, besides this one's; hasWindows: the test needs what Chromium has only with windows (browserPrograms() names it)
 */
export async function launch(name, options) {
  const pool = process.env.KMSEAL_BROWSER_POOL;
  // A test may have options for some browsers only: an empty list of them does not count.
  const { hasWindows = false, ...others } = options ?? {};
  const isBare = !hasWindows || name !== 'chromium'; // the others are always the same
  const isPlain = isBare && Object.values(others).every((given) => Object.keys(given ?? {}).length === 0);
  const leased = isPlain && pool ? await lease(pool, name) : undefined;
  const { driver, downloads, close } = leased ?? (await startBrowser(name, isPlain ? PLAIN : options));
  return {
    driver,
    downloads,
    evaluate: (code, ...values) => evaluate(driver, code, values),
    async chooseFiles(selector, paths) {
      const input = await driver.findElement(By.css(selector));
      // Emptied first: a multiple one would keep the files that it has. WebKit asks for a file's size when somebody wants it, and says 0 for
      // good of one that a test has taken away by then: so it is asked at the choice, before the page, which may remove the input.
      await driver.executeScript(
        `const [input] = arguments;
        input.value = '';
        const ask = () => { for (const { size } of input.files) void size; };
        addEventListener('input', ask, { capture: true, once: true });`,
        input,
      );
      await input.sendKeys(paths.join('\n'));
    },
    close,
  };
}

// The code is a script of the page's own: so the page's policy holds for it, and it runs among the page's own globals (Firefox runs a driver's
// script in a sandbox with others). A short one stands in the element, since to load it takes as long as all the rest; a long one would take longer
// through the driver. Values travel as JSON, bytes as base64.
const LONG = 50_000;
const SCRIPT = (event, code, values) => `
(async () => {
'use strict';
const pack = (value) => JSON.stringify(value, (key, part) => (part instanceof Uint8Array ? { base64: part.toBase64() } : part));
const unpack = (key, part) => (part?.base64 === undefined ? part : Uint8Array.fromBase64(part.base64));
const isError = (value) => value instanceof Error || value instanceof DOMException;
const describe = (error) => isError(error)
  ? { name: error.name, message: error.message, code: error.code, stack: error.stack, cause: describe(error.cause) }
  : error;
let outcome;
try {
  outcome = pack({ value: await (${code})(...JSON.parse(${JSON.stringify(values)}, unpack)) });
} catch (error) {
  outcome = pack(isError(error) ? { error: describe(error) } : { thrown: error });
}
dispatchEvent(new CustomEvent('${event}', { detail: outcome }));
})();
dispatchEvent(new CustomEvent('${event}-begun'));
`;

// In a task of its own: what Chromium's driver runs at once may do what the page's policy forbids.
const LOADER = `
const [given, event, done] = arguments;
let wrong = 'the page is not of startServer(), or its policy lets no script of a test run';
const told = ({ message }) => { wrong = message; };
let isBegun = false;
const check = () => {
  removeEventListener('error', told);
  if (!isBegun) done(JSON.stringify({ error: { name: 'Error', message: wrong } }));
};
addEventListener('error', told);
addEventListener(event + '-begun', () => { isBegun = true; }, { once: true });
addEventListener(event, ({ detail }) => done(detail), { once: true });
const { port1, port2 } = new MessageChannel();
port1.onmessage = () => {
  port1.close();
  document.head.append(Object.assign(document.createElement('script'), given, { onload: check, onerror: check }));
  if (!given.src) check();
};
port2.postMessage(0);
`;

async function evaluate(driver, code, values) {
  const source = typeof code === 'function' ? String(code) : `async () => (${code})`;
  const packed = JSON.stringify(values, function pack(key, part) {
    const value = this[key]; // a Buffer has already been through its toJSON
    return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : part;
  });
  const event = `evaluated-${randomUUID()}`;
  const script = SCRIPT(event, source, packed);
  const given = script.length < LONG ? { nonce: NONCE, textContent: script } : { src: publish(script) };
  const text = await driver.executeAsyncScript(LOADER, given, event);
  const unpack = (key, part) =>
    part?.base64 === undefined ? part : new Uint8Array(Buffer.from(part.base64, 'base64'));
  const { value, error, thrown } = JSON.parse(text, unpack);
  if (error) throw revive(error);
  if (thrown !== undefined) throw thrown;
  return value;
}

/** An error of the page as one of ours, with its name, code, stack and causes. */
function revive({ message, cause, stack = '', ...rest }) {
  const error = new Error(message, cause && { cause: typeof cause.message === 'string' ? revive(cause) : cause });
  // A stack is what a reporter prints, and those of Firefox and WebKit do not hold the message.
  const told = stack.includes(message) ? stack : `${rest.name}: ${message}\n${stack}`;
  return Object.assign(error, rest, { stack: told });
}
