// respond() on responses that have no connection: through adapters for Lambda, as docs/downloads.md sets them up, and through Fastify's inject(). With
// a good, an altered and a cut envelope, and a KMS that refuses.
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { startSnippets } from './snippets.mjs';
import { PLAINTEXT, startEnvelopes } from './serving.mjs';

let setting;
let snippets;
before(async () => {
  setting = await startEnvelopes();
  snippets = await startSnippets();
  // Express and the adapters print errors.
  mock.method(console, 'error', () => {});
});
after(async () => {
  snippets?.close();
  await setting?.close();
});

const run = (heading, given, options) =>
  snippets.run(heading, { ...options, given: { openDownload: setting.openDownload, ...given } });
const load = async (name) => (await snippets.load(`export { default } from '${name}';`)).default;

/** What API Gateway hands to a function (payload format 2.0). */
const eventOf = (rawPath) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath,
  rawQueryString: '',
  headers: { host: 'example.com' },
  requestContext: {
    domainName: 'example.com',
    stage: '$default',
    http: { method: 'GET', path: rawPath, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1' },
  },
  isBase64Encoded: false,
});

/** Asks for a name through an adapter for Express. `failures` gets what respond() rejects with. */
async function lambda(failures, adapt) {
  const app = (await load('express'))();
  await run('Express 5', { app });
  app.use((error, request, response, next) => {
    failures.push(error);
    next(error);
  });
  const handler = await adapt(app);
  return async (name) => {
    const { statusCode, body, isBase64Encoded } = await handler(eventOf(`/${name}`), {});
    return { status: statusCode, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') };
  };
}

async function inject(failures) {
  const app = (await load('fastify'))({ logger: { level: 'error', stream: { write: (line) => failures.push(line) } } });
  await run('Fastify 5', { app });
  return async (name) => {
    const { statusCode, rawPayload } = await app.inject(`/${name}`);
    return { status: statusCode, body: rawPayload };
  };
}

/** Each starts an application, and returns what asks it. */
const WAYS = {
  'serverless-http': (failures) =>
    lambda(failures, async (app) => (await load('serverless-http'))(app, { binary: true })),
  '@codegenie/serverless-express': (failures) =>
    lambda(failures, async (app) => {
      const binarySettings = { contentTypes: ['*/*'] };
      return (await load('@codegenie/serverless-express'))({ app, binarySettings });
    }),
  "Fastify's inject": inject,
};

for (const [name, start] of Object.entries(WAYS)) {
  describe(name, () => {
    const failures = [];
    let ask;
    before(async () => {
      ask = await start(failures);
    });

    test(`a good file comes whole through ${name}, and respond does not fail`, async () => {
      const { status, body } = await ask('good');
      assert.equal(status, 200);
      assert.ok(body.equals(PLAINTEXT));
      await new Promise(setImmediate);
      assert.deepEqual(failures, []);
    });

    for (const bad of ['altered', 'cut', 'refused']) {
      test(`what is ${bad} fails through ${name}, and does not hang`, async () => {
        const status = await ask(bad).then(
          (answer) => answer.status,
          (error) => error,
        );
        assert.ok(status instanceof Error || status >= 500, `${status}`);
        assert.match(`${failures.at(-1)}`, /KmsealError/);
      });
    }
  });
}
