// Real browsers: Chromium, Firefox and WebKitGTK, through their WebDrivers.
import { randomUUID } from 'node:crypto';
import { By } from 'selenium-webdriver';
import { publish } from '../servers/server.mjs';
import { lease } from './lease.mjs';
import { startBrowser } from './start.mjs';

/**
 * A browser that nobody else uses: one of the pool where a run has one, as if it were new, else one of its own. With options it is always
 * its own.
 *
 * `evaluate(code, ...values)` runs a function, or an expression given as a string, in a page of startServer() and returns
 * what it comes to; it rejects with what that throws. Values and result are JSON in which Uint8Arrays may stand.
 * `chooseFiles(selector, paths)` chooses files in an `<input type=file>`. `driver` is selenium-webdriver's.
 * `downloads` is the folder of what Chromium and Firefox download.
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {{ args?: string[], preferences?: Record<string, unknown>, env?: Record<string, string> }} [options] args: further command-line
 *   arguments of the browser; preferences: settings by the browser's own names, which WebKitGTK's has not; env: of its processes, besides this
 *   one's
 */
export async function launch(name, options) {
  const pool = process.env.KMSEAL_BROWSER_POOL;
  // A test may have options for some browsers only: an empty list of them does not count.
  const isPlain = Object.values(options ?? {}).every((given) => Object.keys(given ?? {}).length === 0);
  const { driver, downloads, close } = pool && isPlain ? await lease(pool, name) : await startBrowser(name, options);
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

// The code is loaded as a module: so the page's policy holds for it, and it runs among the page's own globals (Firefox runs a
// driver's script in a sandbox with others). Values travel as JSON, bytes as base64.
const MODULE = (event, code, values) => `
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
`;

const LOADER = `
const [url, event, done] = arguments;
const script = Object.assign(document.createElement('script'), { type: 'module', src: url });
addEventListener(event, ({ detail }) => done(detail), { once: true });
addEventListener('error', ({ filename, message }) => {
  if (filename === script.src) done(JSON.stringify({ error: { name: 'Error', message } }));
});
script.onerror = () => done(JSON.stringify({ error: { name: 'Error', message: 'no page of startServer(), or not in its origin' } }));
document.head.append(script);
`;

async function evaluate(driver, code, values) {
  const source = typeof code === 'function' ? String(code) : `async () => (${code})`;
  const packed = JSON.stringify(values, function pack(key, part) {
    const value = this[key]; // a Buffer has already been through its toJSON
    return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : part;
  });
  const event = `evaluated-${randomUUID()}`;
  const text = await driver.executeAsyncScript(LOADER, publish(MODULE(event, source, packed)), event);
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
