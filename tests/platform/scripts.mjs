// Scripts of others that replace the platform's own functions, each as a classic script that runs before kmseal.
import { build } from 'esbuild';
import { platformTools } from '../../tools/npm.mjs';

/** A SubtleCrypto whose calls run other code first, and the original only `later`. */
const late = (later) => `
const original = Object.fromEntries(['importKey', 'encrypt', 'decrypt'].map((name) => [name, crypto.subtle[name]]));
for (const [name, work] of Object.entries(original)) {
  crypto.subtle[name] = async (...args) => {
    await ${later};
    return work.apply(crypto.subtle, args);
  };
}`;
const task =
  'new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => { port1.close(); resolve(); }; port2.postMessage(0); })';
const timer = 'new Promise((resolve) => { setTimeout(resolve, 1); })';

/** A Proxy that returns new functions at each access. */
const proxied = `
const { subtle } = crypto;
const get = (target, name) => typeof target[name] !== 'function' ? target[name] : async (...args) => {
  await undefined;
  return target[name](...args);
};
Object.defineProperty(crypto, 'subtle', { configurable: true, value: new Proxy(subtle, { get }) });`;

/** With these kmseal must work as on a page without them. */
export const SCRIPTS = {
  'no script': '',
  Bluebird: "import Bluebird from 'bluebird'; globalThis.Promise = Bluebird;",
  'core-js': "import 'core-js-bundle';",
  'es6-shim': "import 'es6-shim';",
  'es6-promise': "import { Promise as Polyfill } from 'es6-promise'; globalThis.Promise = Polyfill;",
  'zone.js': "import 'zone.js';",
  "OpenTelemetry's zones":
    "import { ZoneContextManager } from '@opentelemetry/context-zone'; new ZoneContextManager().enable();",
  'web-streams-polyfill': "import 'web-streams-polyfill/dist/polyfill.js';",
  'a Response that knows no streams': `
    const Native = globalThis.Response;
    globalThis.Response = class extends Native {
      constructor(body, init) {
        super(typeof body?.getReader === 'function' ? String(body) : body, init);
      }
    };`,
  'SubtleCrypto a microtask late': late('undefined'),
  'SubtleCrypto a task late': late(task),
  'SubtleCrypto a timer late': late(timer),
  'SubtleCrypto behind a Proxy': proxied,
};

/**
 * Beside these no file of 32 MiB is sealed and opened. Its frames are encrypted as those of smaller files are; it goes through a Response
 * and streams, which the first three leave as they are, and the others replace as Bluebird and zone.js do. Beside "SubtleCrypto a timer late",
 * where most frames wait at once, it is.
 */
export const SMALLER = [
  'SubtleCrypto a microtask late',
  'SubtleCrypto a task late',
  'SubtleCrypto behind a Proxy',
  'es6-promise',
  "OpenTelemetry's zones",
];

/** What these replace depends on what the engine lacks, or they meet what it has of its own. The others replace the same in every engine. */
export const BY_ENGINE = ['core-js', 'es6-shim', 'zone.js', 'web-streams-polyfill'];

/** The script of a package, or of the text above, as a page loads it. */
export async function bundled(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: await platformTools() },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}
