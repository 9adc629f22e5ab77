// The snippets of docs/downloads.md, each in its server, in each protocol of the server: with a good, an altered and a cut envelope, a
// KMS that refuses, and a reader who goes away.
import http from 'node:http';
import http2 from 'node:http2';
import { after, before, mock } from 'node:test';
import { startSnippets } from './snippets.mjs';
import { startEnvelopes } from './serving.mjs';
import { HTTP1, HTTP2, serves } from './serving-cases.mjs';

let setting;
let snippets;
let headers;
before(async () => {
  setting = await startEnvelopes();
  snippets = await startSnippets();
  headers = await snippets.headers();
  // What the frameworks log of the errors.
  for (const name of ['error', 'log']) mock.method(console, name, () => {});
});
after(async () => {
  snippets?.close();
  await setting?.close();
});

/** Runs the heading's block with the test's variables. */
const run = (heading, given, options) =>
  snippets.run(heading, { ...options, given: { openDownload: setting.openDownload, headers, ...given } });
const load = async (name) => (await snippets.load(`import * as all from '${name}'; export { all };`)).all;

/** How each snippet is put into a server; returns the listener, or a server. */
const WAYS = {
  'node:http and node:http2': [HTTP1, (heading) => node(heading, http)],
  'node:http and node:http2, on HTTP/2': [HTTP2, (heading) => node(heading, http2)],
  'Express 5': [HTTP1, (heading) => express(heading, 'express')],
  'Express 5, with compression': [HTTP1, (heading) => express(heading, 'express', 'compression')],
  'Express 4': [HTTP1, (heading) => express(heading, 'express4')],
  'Express 4, with compression': [HTTP1, (heading) => express(heading, 'express4', 'compression')],
  'Fastify 5': [HTTP1, (heading) => fastify(heading, {})],
  'Fastify 5, on HTTP/2': [HTTP2, (heading) => fastify(heading, { http2: true })],
  'Koa 3': [HTTP1, (heading) => koa(heading)],
  'Koa 3, with koa-compress': [
    HTTP1,
    async (heading) => koa(heading, (await load('koa-compress')).default({ threshold: 1 })),
  ],
  'Koa 3, on HTTP/2': [HTTP2, async (heading) => http2.createServer((await koa(heading)).listeners('request')[0])],
  Nest: [
    HTTP1,
    async (heading) => {
      await load('reflect-metadata');
      const [{ Module }, { NestFactory }] = [await load('@nestjs/common'), await load('@nestjs/core')];
      const { Downloads } = await run(heading, {}, { returns: ['Downloads'] });
      class Root {}
      Module({ controllers: [Downloads] })(Root);
      const app = await NestFactory.create(Root, { logger: false });
      await app.init();
      return http.createServer(app.getHttpAdapter().getInstance());
    },
  ],
  'h3 1 and Nitro 2': [
    HTTP1,
    async (heading) => {
      const { createApp, createRouter, defineEventHandler, getRouterParam, toNodeListener } = await load('h3v1');
      const { exported } = await run(heading, { defineEventHandler, getRouterParam }, { returns: ['exported'] });
      return http.createServer(toNodeListener(createApp().use(createRouter().get('/:id', exported))));
    },
  ],
  'h3 2': [HTTP1, (heading) => h3(heading, http)],
  'h3 2, on HTTP/2': [HTTP2, (heading) => h3(heading, http2)],
  'Hono 4': [HTTP1, (heading) => hono(heading, http)],
  'Hono 4, on HTTP/2': [HTTP2, (heading) => hono(heading, http2)],
};

async function node(heading, { createServer }) {
  const server = createServer();
  await run(heading, { server });
  return server;
}

async function express(heading, name, middleware) {
  const app = (await load(name)).default();
  if (middleware) app.use((await load(middleware)).default({ filter: () => true, threshold: 0 }));
  await run(heading, { app });
  return http.createServer(app);
}

async function fastify(heading, options) {
  const app = (await load('fastify')).default(options);
  await run(heading, { app });
  await app.ready();
  return app.server;
}

async function koa(heading, middleware) {
  const app = new (await load('koa')).default();
  app.silent = true;
  if (middleware) app.use(middleware);
  await run(heading, { app });
  return http.createServer(app.callback());
}

async function h3(heading, { createServer }) {
  const { H3, toNodeHandler } = await load('h3');
  const app = new H3();
  await run(heading, { app });
  return createServer(toNodeHandler(app));
}

async function hono(heading, { createServer }) {
  const [{ Hono }, { getRequestListener }] = [await load('hono'), await load('@hono/node-server')];
  const app = new Hono();
  await run(heading, { app });
  return createServer(getRequestListener(app.fetch));
}

for (const [name, [protocols, make]] of Object.entries(WAYS)) {
  serves(
    name,
    protocols,
    () => make(name.split(', ')[0]),
    () => ({ setting, headers }),
  );
}
