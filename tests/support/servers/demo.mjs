// The demo on an emulator of its own, and what its tests ask of it.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { KmsPublicKey, Sealer } from 'kmseal';
import { startDemo } from '../../../www/server/demo.mjs';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * Lets browsers keep scripts and styles. A page of the demo has 30 of them, and tests visit it again and again: to fetch them takes more than half
 * of a visit. The demo itself has them asked for each time, since its reader may change them.
 * @param {import('node:http').Server} server
 */
const keepScripts = (server) =>
  server.prependListener('request', ({ headers }, outgoing) => {
    if (!['script', 'style'].includes(String(headers['sec-fetch-dest']))) return;
    const { writeHead } = outgoing;
    outgoing.writeHead = (status, headers) =>
      writeHead.call(outgoing, status, { ...headers, 'cache-control': 'max-age=600' });
  });

/** @param {Omit<Parameters<typeof startDemo>[0], 'ports'>} [options] */
export async function openDemo(options) {
  const demo = await startDemo({ ports: [0], ...options });
  const { kms, s3, bucket, origin, publicKey } = demo;
  keepScripts(demo.server);

  /**
   * A request with any headers; fetch sets Host by itself. A `body` that is not a Buffer is sent as JSON.
   * @param {string} method
   * @param {string} url
   */
  function ask(method, url, { host, body, ...headers } = {}) {
    const { hostname, port, host: own } = new URL(origin);
    const defaults = method === 'GET' || method === 'HEAD' ? {} : { origin, 'content-type': 'application/json' };
    const bytes =
      body === undefined || Buffer.isBuffer(body) ? (body ?? Buffer.alloc(0)) : Buffer.from(JSON.stringify(body));
    // Node sends no length with DELETE and OPTIONS by default.
    const length = bytes.length > 0 ? { 'content-length': bytes.length } : {};
    return new Promise((resolve, reject) => {
      const all = { host: host ?? own, ...defaults, ...length, ...headers };
      const options = { method, hostname, port, path: url, headers: all };
      const asked = request(options, async (response) => {
        const text = await textOf(response);
        resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
      });
      asked.on('error', reject);
      asked.end(bytes);
    });
  }

  return {
    ...demo,
    ask,

    /**
     * While `work` runs, requests that match wait from the `count`-th on: an upload cannot end before that, however slow its page is.
     *
     * @param {RegExp} pattern of the method and the path: `POST /uploads/1/signPart`
     * @param {number} count
     * @param {() => Promise<void>} work
     */
    async holding(pattern, count, work) {
      const answer = demo.server.listeners('request').at(-1);
      const held = [];
      const hold = (incoming, outgoing) => {
        const matches = pattern.test(`${incoming.method} ${incoming.url}`);
        if (matches && --count <= 0) held.push([incoming, outgoing]);
        else answer(incoming, outgoing);
      };
      demo.server.off('request', answer).on('request', hold);
      try {
        await work();
      } finally {
        demo.server.off('request', hold).on('request', answer);
        for (const [incoming, outgoing] of held) if (!outgoing.closed) answer(incoming, outgoing);
      }
    },

    createUpload: async (way) => (await ask('POST', '/uploads', { body: { way } })).json().id,

    async seal(text, encryptionContext, key = publicKey) {
      const keys = await KmsPublicKey.import(key);
      return new Sealer({ keys }).seal(new TextEncoder().encode(text), { encryptionContext });
    },

    async objectKeys() {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
      return Contents.map(({ Key }) => Key);
    },

    /** Which AWS commands the server sends while `work` runs. */
    async commandsDuring(work) {
      const commands = [];
      const record = (next, context) => (args) => {
        commands.push(context.commandName);
        return next(args);
      };
      const stacks = [kms.middlewareStack, s3.middlewareStack];
      for (const stack of stacks) stack.add(record, { name: 'record', step: 'initialize' });
      try {
        await work();
      } finally {
        for (const stack of stacks) stack.remove('record');
      }
      return commands;
    },
  };
}

/** What the page's Content-Security-Policy has blocked so far, in Chromium. @param {import('selenium-webdriver').WebDriver} driver */
export const cspViolations = (driver) =>
  driver.executeAsyncScript((done) => {
    const blocked = [];
    const record = (reports) =>
      blocked.push(...reports.map(({ body }) => `${body.effectiveDirective} ${body.blockedURL}`));
    new ReportingObserver(record, { buffered: true, types: ['csp-violation'] }).observe();
    setTimeout(() => done(blocked), 100);
  });
