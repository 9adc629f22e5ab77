// What respond does when an answer is cut short: by the reader, by the server, or by other code that works on the response.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { respond } from 'kmseal/node';
import { byHand } from '../support/page/bytes.mjs';
import { WAYS, startResponders } from './responders.mjs';
import { CONTEXT, looksWhole } from './serving.mjs';

const options = { encryptionContext: CONTEXT };
let responders;
let setting;
let opener;
before(async () => {
  responders = await startResponders();
  setting = responders.setting;
  opener = setting.opener;
});
after(() => responders?.close());

const read = (...all) => responders.read(...all);
const fromRange = (...all) => responders.fromRange(...all);

test('a response that was already begun is refused, and its reader does not wait', async () => {
  const answer = await read(WAYS['HTTP/1.1'], (request, response) => {
    response.writeHead(200);
    response.write('x');
    return respond(response, { plaintext: new Uint8Array(5) });
  });
  assert.ok(!looksWhole(answer));
  assert.deepEqual(responders.outcomes, ['TypeError']);
});

test('a response that something else ends meanwhile does not pass for complete', async () => {
  for (const how of [WAYS['HTTP/1.0'], WAYS['HTTP/1.1'], WAYS['HTTP/2']]) {
    const hand = byHand();
    const answer = await read(how, async (request, response) => {
      hand.write(new Uint8Array(10));
      const responded = respond(response, { plaintext: hand.stream, start: 0, end: 20, size: 20 });
      while (!response.headersSent) await new Promise(setImmediate);
      response.end();
      hand.write(new Uint8Array(10));
      await responded;
    });
    assert.ok(!looksWhole(answer), how[1]);
    assert.equal(responders.outcomes.length, 1);
    assert.notEqual(responders.outcomes[0], 'done');
  }
});

describe('a reader who goes away', () => {
  /** Requests, and leaves as soon as the first bytes arrive. */
  const leave = {
    'HTTP/1.1': async () => {
      const socket = net.connect(new URL(responders.urls.http).port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
    },
    'HTTP/2': async () => {
      const session = http2.connect(responders.urls.h2c);
      const stream = session.request({ ':path': '/' });
      await once(stream, 'data');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
      session.close();
    },
  };
  for (const [protocol, go] of Object.entries(leave)) {
    test(`the source is cancelled when an ${protocol} reader leaves, even if it was about to wait`, async () => {
      const hand = byHand();
      const result = new Promise((resolve) => {
        responders.handle = async (request, response) => {
          hand.write(new Uint8Array(10));
          resolve(
            await respond(response, { plaintext: hand.stream, start: 0, end: 20, size: 20 }).catch((error) => error),
          );
        };
      });
      await go();
      assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
      assert.equal(hand.cancelled.reason.code, 'ERR_STREAM_PREMATURE_CLOSE');
    });

    test(`no more of the envelope is read after an ${protocol} reader leaves`, async () => {
      const source = setting.source('long');
      const result = new Promise((resolve) => {
        responders.handle = async (request, response) => {
          resolve(await respond(response, await opener.openRange(source, options)).catch((error) => error));
        };
      });
      await go();
      assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
      assert.ok(source.bytesRead < source.size);
    });
  }

  test('an open call in progress is aborted by its signal, and its result is cancelled if it still arrives', async () => {
    const hand = byHand();
    let arrived;
    const there = new Promise((resolve) => (arrived = resolve));
    const result = new Promise((resolve) => {
      responders.handle = async (request, response) => {
        const opening = async ({ signal }) => {
          arrived();
          await once(signal, 'abort');
          return { plaintext: hand.stream };
        };
        resolve(await respond(response, opening).catch((error) => error));
      };
    });
    const socket = net.connect(new URL(responders.urls.http).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await there;
    socket.destroy();
    assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
    while (!hand.cancelled) await new Promise(setImmediate);
  });

  test('a reader who leaves before anything was opened ends the response', async () => {
    for (const server of ['http', 'h2c']) {
      const hand = byHand();
      let arrived;
      const there = new Promise((resolve) => (arrived = resolve));
      const result = new Promise((resolve) => {
        responders.handle = async (request, response) => {
          const closed = once(response, 'close');
          arrived();
          await closed;
          resolve(await respond(response, { plaintext: hand.stream }).catch((error) => error));
        };
      });
      if (server === 'http') {
        const socket = net.connect(new URL(responders.urls.http).port, '127.0.0.1');
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
        await there;
        socket.destroy();
      } else {
        const session = http2.connect(responders.urls.h2c);
        const stream = session.request({ ':path': '/' });
        await there;
        stream.close(http2.constants.NGHTTP2_CANCEL);
        await result;
        session.close();
      }
      assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE', server);
      assert.ok(hand.cancelled, server);
    }
  });
});

test('an abort by the server does not end an HTTP/2 stream as if that were intended', async () => {
  responders.handle = async (request, response) => {
    const hand = byHand();
    hand.write(new Uint8Array(10));
    const responded = respond(response, { plaintext: hand.stream, start: 0, end: 20, size: 20 });
    while (!response.headersSent) await new Promise(setImmediate);
    // Node's own AbortError, for which it would send CANCEL.
    hand.fail(await once(response, 'never', { signal: AbortSignal.abort() }).catch((error) => error));
    await responded;
  };
  const session = http2.connect(responders.urls.h2c);
  const stream = session.request({ ':path': '/' }).resume();
  const [error] = await once(stream, 'error');
  assert.match(error.message, /INTERNAL_ERROR/);
  session.close();
});

test('a failed answer resets the connection, so that even the least careful HTTP/1 reader notices', async () => {
  responders.outcomes = [];
  responders.handle = fromRange('altered');
  // Not Node's own socket, which may report a reset right behind data as an end.
  const program = `import socket
s = socket.create_connection(("127.0.0.1", ${new URL(responders.urls.http).port}))
s.send(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
try:
    while s.recv(65536): pass
    print("ended")
except ConnectionResetError: print("reset")`;
  const { stdout } = await promisify(execFile)('python3', ['-c', program]);
  assert.equal(stdout.trim(), 'reset');
});

test('a middleware that removed Transfer-Encoding does not make a cut answer look complete', async () => {
  const answer = await read(WAYS['HTTP/1.1 over TLS'], (request, response) => {
    response.removeHeader('transfer-encoding');
    let left = 40;
    const pull = (controller) =>
      left-- > 0 ? controller.enqueue(new Uint8Array(2 ** 20)) : controller.error(new Error('altered'));
    return respond(response, { plaintext: new ReadableStream({ pull }) });
  });
  assert.ok(!looksWhole(answer));
});

test('a middleware that removes the length is noticed where HTTP/1.0 needs it', async () => {
  const answer = await read(WAYS['HTTP/1.0'], (request, response) => {
    const { writeHead } = response;
    response.writeHead = (...all) => {
      response.removeHeader('content-length');
      return writeHead.apply(response, all);
    };
    return respond(response, { plaintext: new Uint8Array(10) });
  });
  assert.ok(!looksWhole(answer));
  assert.deepEqual(responders.outcomes, ['Error']);
});

test('an answer that an HTTP/2 reader cancels at the end does not count as delivered', async () => {
  const result = new Promise((resolve) => {
    responders.handle = async (request, response) =>
      resolve(await respond(response, { plaintext: new Uint8Array(10) }).catch((error) => error));
  });
  // A reader that takes headers only.
  const session = http2.connect(responders.urls.h2c, { settings: { initialWindowSize: 0 } });
  const stream = session.request({ ':path': '/' });
  await once(stream, 'response');
  stream.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal((await result)?.code, 'ERR_STREAM_PREMATURE_CLOSE');
  session.close();
});
