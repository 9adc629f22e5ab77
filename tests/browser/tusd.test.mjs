// tusOptions against tusd, the reference server of tus, in Go: it locks uploads, keeps what it got of a chunk, and has hooks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { sample } from '../support/page/bytes.mjs';
import { testTus, until } from '../support/browsers/tus-uploads.mjs';
import { startTusd } from '../support/servers/tusd.mjs';

/* global kit, tus -- of the page */

const MIB = 2 ** 20;

const { server, open, patches, inBrowsers } = testTus({ start: startTusd });

const isSecond = ({ method, headers }) => method === 'PATCH' && headers['upload-offset'] === String(MIB);

// tus.test.mjs shows in each engine how requests end; here it is what this server makes of that.
inBrowsers((page) => {
  const upload = () => page.upload({ chunkSize: MIB, retryDelays: [0, 100, 300] });

  for (const [what, fault] of Object.entries({
    'whose chunk is cut half-way': { does: 'cut', after: 'half' },
    'whose chunk arrives and its answer does not': { does: 'cut', after: 'all' },
    'behind a proxy that answers 502 in the middle of a chunk': { does: 'answer', status: 502, after: 'half' },
  })) {
    test(`an upload to tusd ${what} continues with the same envelope`, async () => {
      const bytes = await page.choose(2.5 * MIB);
      let isBroken = false;
      server.relay.fault = (request) => {
        if (isBroken || !isSecond(request)) return undefined;
        isBroken = true;
        return fault;
      };
      const { url, error } = await upload();
      assert.deepEqual({ error, isBroken }, { error: undefined, isBroken: true });
      assert.ok(bytes.equals(await open(url)));
      assert.equal(server.relay.seen.filter(({ method }) => method === 'POST').length, 1);
    });
  }

  test('an upload that is aborted while tusd holds its lock continues when it is started again', async () => {
    const bytes = await page.choose(2.5 * MIB);
    let isStalled = false;
    server.relay.fault = (request) => {
      if (isStalled || !isSecond(request)) return undefined;
      isStalled = true;
      return { does: 'stall', after: 'half' };
    };
    await page.begin({ chunkSize: MIB });
    await until(() => isStalled);
    await page.evaluate(() => tus.last.abort());
    const { url, error } = await page.again();
    assert.equal(error, undefined);
    assert.ok(bytes.equals(await open(url)));
  });

  test('a stream arrives at tusd, which learns its length with the last chunk, although that is cut half-way', async () => {
    let isCut = false;
    server.relay.fault = ({ headers }) => {
      if (isCut || headers['upload-length'] === undefined) return undefined;
      isCut = true;
      return { does: 'cut', after: 'half' };
    };
    const size = 1.5 * MIB;
    const { url, error } = await page.evaluate((size) => {
      const reader = kit.inPieces(kit.sample(size), 70_000).getReader();
      const options = tus.tusOptions(reader, { sealer: kit.sealer() });
      return tus.start(reader, { ...options, chunkSize: 2 ** 20, retryDelays: [0, 100, 300] }).done;
    }, size);
    assert.deepEqual({ error, isCut }, { error: undefined, isCut: true });
    assert.ok(Buffer.from(sample(size)).equals(await open(url)));
    const { size: declared, offset } = await server.upload(url);
    assert.equal(declared, offset);
  });

  for (const status of [422, 500]) {
    test(`an upload that a hook of tusd refuses with status ${status} fails, and begins again when it is started again`, async () => {
      const bytes = await page.choose(1.5 * MIB);
      server.hook.refuses = { status_code: status };
      const refused = await upload();
      assert.match(
        refused.message,
        status === 500 ? /^the tus server has all of it, but answered with status 500/ : /422/,
      );
      const { size, offset } = await server.upload(refused.url);
      assert.equal(offset, size);
      server.hook.refuses = undefined;
      const sent = patches().length;
      const { url, error } = await page.again();
      assert.equal(error, undefined);
      assert.notEqual(url, refused.url);
      assert.equal(patches().length, 2 * sent);
      assert.ok(bytes.equals(await open(url)));
    });
  }
}, ANY_ENGINE);
