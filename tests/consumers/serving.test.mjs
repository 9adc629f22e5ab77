// The snippets of docs/downloads.md for frameworks that are built: SvelteKit, React Router, Nitro and Next.js, each as its documentation
// has it, with a good, an altered and a cut envelope, a KMS that refuses, and a reader who goes away.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, mock } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { npmTools } from '../../tools/npm.mjs';
import { blocksOf } from '../docs/blocks.mjs';
import { startEnvelopes } from '../serving/serving.mjs';
import { HTTP1, serves } from '../serving/serving-cases.mjs';
import { documentedHeaders } from '../serving/snippets.mjs';
import { installTarball } from '../support/tarball.mjs';

const APPS = fileURLToPath(new URL('serving', import.meta.url));
const DOCUMENT = 'docs/downloads.md';

let setting;
let headers;
let tools;
let tarball;
before(async () => {
  setting = await startEnvelopes();
  headers = await documentedHeaders();
  tools = await npmTools('tests/consumers/serving');
  tarball = installTarball({ within: tools });
  // What a real application would import.
  Object.assign(globalThis, { openDownload: setting.openDownload, headers });
  for (const name of ['error', 'log', 'warn']) mock.method(console, name, () => {});
});
after(async () => {
  tarball?.remove();
  await setting?.close();
});

/** A framework's program, in the folder of its app: what Node has by this name in node_modules. */
async function build(app, program, ...args) {
  const env = { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' };
  await promisify(execFile)(path.join(tools, 'node_modules/.bin', program), args, {
    cwd: app,
    env,
    maxBuffer: 2 ** 26,
  });
}

/** Where each framework looks for the files of its app, which lie in one folder here; the rest are settings. */
const PLACES = {
  next: { 'index.js': 'pages' },
  'react-router': { 'root.jsx': 'app', 'routes.js': 'app' },
  sveltekit: { 'app.html': 'src' },
};

/** A copy of an app, with the snippet in its place. */
function project(name, heading, place) {
  const app = path.join(tarball.project, name);
  for (const file of readdirSync(path.join(APPS, name)))
    cpSync(path.join(APPS, name, file), path.join(app, PLACES[name]?.[file] ?? '', file));
  const file = path.join(app, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, blocksOf(DOCUMENT).find((block) => block.heading === heading).code);
  return app;
}

const load = (file) => import(pathToFileURL(file).href);
const fromTools = (name) => createRequire(path.join(tools, 'package.json'))(name);
/** The tests request /NAME; the apps answer at /files/NAME. */
const under = (prefix, listener) =>
  http.createServer((request, response) => {
    request.url = `${prefix}${request.url}`;
    listener(request, response);
  });

const given = () => ({ setting, headers });

serves(
  'SvelteKit 2',
  HTTP1,
  async () => {
    const app = project('sveltekit', 'SvelteKit 2', 'src/routes/files/[id]/+server.js');
    await build(app, 'vite', 'build');
    const { handler } = await load(path.join(app, 'build/handler.js'));
    return under('/files', handler);
  },
  given,
);

serves(
  'React Router 7',
  HTTP1,
  async () => {
    const app = project('react-router', 'React Router 7', 'app/routes/file.js');
    await build(app, 'react-router', 'build');
    const { createRequestHandler } = fromTools('@react-router/express');
    const server = fromTools('express')();
    server.use(
      createRequestHandler({ build: await load(path.join(app, 'build/server/index.js')), mode: 'production' }),
    );
    return under('/files', server);
  },
  given,
);

serves(
  'Nitro 2',
  HTTP1,
  async () => {
    const app = project('nitro', 'h3 1 and Nitro 2', 'routes/files/[id].js');
    await build(app, 'nitropack', 'build', '--preset', 'node-listener');
    const { listener } = await load(path.join(app, '.output/server/index.mjs'));
    return under('/files', listener);
  },
  given,
);

serves(
  'Next.js 16',
  HTTP1,
  async () => {
    const app = project('next', 'Next.js 16', 'pages/api/files/[id].js');
    writeFileSync(
      path.join(app, 'next.config.mjs'),
      `export default { turbopack: { root: ${JSON.stringify(tools)} } };`,
    );
    await build(app, 'next', 'build');
    const next = fromTools('next')({ dev: false, dir: app });
    await next.prepare();
    const handle = next.getRequestHandler();
    return under('/api/files', (request, response) => handle(request, response));
  },
  given,
);
