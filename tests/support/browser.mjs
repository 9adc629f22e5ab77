// Real browsers: Chromium, Firefox and WebKitGTK, each with a fresh profile, through their WebDrivers.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Builder, By } from 'selenium-webdriver';
import { browserPrograms } from '../../scripts/lib/browsers.mjs';
import { answers, freePort, startChild } from '../../scripts/lib/child.mjs';
import { publish } from './server.mjs';

const MINUTES = 60_000;

// Chromium does not start its sandbox as root; the rest keeps it from talking to anyone but us.
const CHROMIUM = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync']
  .concat('--disable-background-networking', '--disable-component-update', '--window-size=1280,900');

const CAPABILITIES = {
  chromium: (binary, args) => ({
    browserName: 'chrome',
    'goog:chromeOptions': { binary, args: [...CHROMIUM, ...args] },
  }),
  firefox: (binary, args) => ({
    browserName: 'firefox',
    'moz:firefoxOptions': { binary, args: ['-headless', '--width=1280', '--height=900', ...args] },
  }),
  webkit: (binary, args) => ({
    browserName: 'MiniBrowser',
    'webkitgtk:browserOptions': { binary, args: ['--automation', ...args] },
  }),
};

/** An X server on a display of its own choosing; WebKitGTK cannot do without. */
async function startDisplay() {
  const args = ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'];
  const child = startChild('Xvfb', args);
  const number = await child.until(() => /^(\d+)\n/m.exec(child.output)?.[1]);
  return { env: { DISPLAY: `:${number}` }, stop: child.stop };
}

/**
 * `evaluate(code, ...values)` runs a function, or an expression given as a string, in a page of startServer() and returns
 * what it comes to; it rejects with what that throws. Values and result are JSON in which Uint8Arrays may stand.
 * `chooseFiles(selector, paths)` chooses files in an `<input type=file>`. `driver` is selenium-webdriver's.
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {{ args?: string[] }} [options] args: further command-line arguments of the browser
 */
export async function launch(name, { args = [] } = {}) {
  const { browser, driver: program } = await browserPrograms(name);
  const folder = mkdtempSync(path.join(tmpdir(), `kmseal-${name}-`));
  const children = [];
  const close = async () => {
    while (children.length > 0) await children.pop().stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const env = { ...process.env, TMPDIR: folder }; // the drivers make the profiles there
    if (name === 'webkit') {
      const display = await startDisplay();
      children.push(display);
      Object.assign(env, display.env);
    }
    const port = await freePort();
    const child = startChild(program, [`--port=${port}`], env);
    children.push(child);
    const url = `http://127.0.0.1:${port}`;
    await child.until(() => answers(`${url}/status`));
    const driver = await new Builder().usingServer(url).withCapabilities(CAPABILITIES[name](browser, args)).build();
    await driver.manage().setTimeouts({ script: 5 * MINUTES, pageLoad: MINUTES });
    return {
      driver,
      evaluate: (code, ...values) => evaluate(driver, code, values),
      async chooseFiles(selector, paths) {
        const input = await driver.findElement(By.css(selector));
        await driver.executeScript("arguments[0].value = ''", input); // a multiple one would keep those that it has
        await input.sendKeys(paths.join('\n'));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
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
  const unpack = (key, part) => (part?.base64 === undefined ? part : new Uint8Array(Buffer.from(part.base64, 'base64')));
  const { value, error, thrown } = JSON.parse(text, unpack);
  if (error) throw revive(error);
  if (thrown !== undefined) throw thrown;
  return value;
}

/** An error of the page as one of ours, with its name, code, stack and causes. */
function revive({ message, cause, ...rest }) {
  const error = new Error(message, cause && { cause: typeof cause.message === 'string' ? revive(cause) : cause });
  return Object.assign(error, rest);
}
