// respond of kmseal/node, on Node's own servers: HTTP/1.0, 1.1, TLS and HTTP/2.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { respond } from 'kmseal/node';
import { byHand } from '../support/bytes.mjs';
import { CONTEXT, FRAME, PLAINTEXT, curl, looksWhole, startEnvelopes } from '../support/serving.mjs';

const options = { encryptionContext: CONTEXT };
const folder = mkdtempSync(path.join(tmpdir(), 'kmseal-respond-'));
let setting;
let opener;
const servers = {};
/** What the next requests do. */
let handle;
/** What became of each respond(). */
let outcomes = [];

before(async () => {
  setting = await startEnvelopes();
  opener = setting.opener;
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true };
  // As an application does it: what was not begun is answered with an error.
  const listener = async (request, response) => {
    try {
      await handle(request, response);
      outcomes.push('done');
    } catch (error) {
      outcomes.push(error.code ?? error.name);
      if (!response.headersSent) response.writeHead(502).end();
    }
  };
  const made = { http: http.createServer(listener), https: https.createServer(tls, listener), h2c: http2.createServer(listener), h2: http2.createSecureServer(tls, listener) };
  for (const [name, server] of Object.entries(made)) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers[name] = { server, url: `http${name === 'http' || name === 'h2c' ? '' : 's'}://127.0.0.1:${server.address().port}/`, port: server.address().port };
  }
});
after(async () => {
  for (const { server } of Object.values(servers)) {
    server.closeAllConnections?.();
    server.close();
  }
  await setting?.close();
  rmSync(folder, { recursive: true });
});

/** Each protocol: the server, and how curl is told to speak it. ALPN has no HTTP/1.0 that Node would take. */
const WAYS = {
  'HTTP/1.0': ['http', '--http1.0'],
  'HTTP/1.1': ['http', '--http1.1'],
  'HTTP/1.0 over TLS': ['https', '--http1.0', '--no-alpn'],
  'HTTP/1.1 over TLS': ['https', '--http1.1'],
  'HTTP/2': ['h2c', '--http2-prior-knowledge'],
  'HTTP/2 over TLS': ['h2', '--http2'],
};

async function read([server, ...flags], handler, ...more) {
  outcomes = [];
  handle = handler;
  return curl(servers[server].url, ...flags, ...more);
}

const fromRange = (name, start, end, more) => (request, response) =>
  respond(response, ({ signal }) => opener.openRange(setting.source(name), start, end, { ...options, signal }), more);
const streamOf = (bytes, step = FRAME) => {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + step));
      at += step;
    },
  }, { highWaterMark: 0 });
};
const fromStream = (name) => async (request, response) => respond(response, await opener.open(streamOf(setting.envelopes[name]), options));

for (const [way, how] of Object.entries(WAYS)) {
  describe(way, () => {
    test('a whole file comes with its length', async () => {
      const { status, headers, body, failed } = await read(how, fromRange('good'));
      assert.deepEqual([failed, status, headers['content-length']], [false, 200, `${PLAINTEXT.length}`]);
      assert.ok(body.equals(PLAINTEXT));
      assert.deepEqual(outcomes, ['done']);
    });

    test('an altered envelope fails for the reader and for the server', async () => {
      const answer = await read(how, fromRange('altered'));
      assert.ok(!looksWhole(answer));
      assert.equal(answer.status, 200);
      assert.ok(answer.body.length < PLAINTEXT.length && answer.body.equals(PLAINTEXT.subarray(0, answer.body.length)));
      assert.deepEqual(outcomes, ['ERR_AUTHENTICATION']);
    });

    test('a cut envelope, and a KMS that refuses, leave the caller to answer', async () => {
      for (const [name, code] of [['cut', 'ERR_TRUNCATED'], ['refused', 'ERR_KMS']]) {
        const { status, body } = await read(how, fromRange(name));
        assert.deepEqual([status, body.length, outcomes], [502, 0, [name === 'cut' ? outcomes[0] : code]], name);
      }
    });

    test('of an opened stream up to 32 MiB nothing is sent before all of it is authentic', async () => {
      const good = await read(how, fromStream('good'));
      assert.deepEqual([good.status, good.headers['content-length']], [200, `${PLAINTEXT.length}`]);
      assert.ok(good.body.equals(PLAINTEXT));
      for (const [name, code] of [['altered', 'ERR_AUTHENTICATION'], ['cut', 'ERR_TRUNCATED']]) {
        const { status, headers } = await read(how, fromStream(name));
        assert.deepEqual([status, headers['content-disposition'], outcomes], [502, undefined, [code]]);
      }
    });

    test('a longer stream that fails never looks whole', async () => {
      const error = Object.assign(new Error('altered'), { code: 'ERR_AUTHENTICATION' });
      const failing = () => {
        let left = 40;
        return new ReadableStream({ pull: (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(2 ** 20)) : controller.error(error)) });
      };
      const answer = await read(how, (request, response) => respond(response, { plaintext: failing() }));
      assert.ok(!looksWhole(answer), `${answer.exit} ${answer.status}`);
      assert.deepEqual([answer.status, outcomes], way.startsWith('HTTP/1.0') ? [502, ['ERR_TOO_LONG']] : [200, ['ERR_AUTHENTICATION']]);
    });

    test('a part is a 206 that says where it lies, and a part of nothing a 416', async () => {
      const part = await read(how, fromRange('good', FRAME - 1, FRAME + 5));
      assert.deepEqual([part.status, part.headers['content-range'], part.headers['content-length']], [206, `bytes ${FRAME - 1}-${FRAME + 4}/${PLAINTEXT.length}`, '6']);
      assert.ok(part.body.equals(PLAINTEXT.subarray(FRAME - 1, FRAME + 5)));
      const none = await read(how, fromRange('good', PLAINTEXT.length));
      assert.deepEqual([none.status, none.headers['content-range'], none.headers['content-type'], none.body.length], [416, `bytes */${PLAINTEXT.length}`, undefined, 0]);
      const all = await read(how, fromRange('good', 0, undefined, { status: 206 }));
      assert.deepEqual([all.status, all.headers['content-range']], [206, `bytes 0-${PLAINTEXT.length - 1}/${PLAINTEXT.length}`]);
    });

    test('HEAD gets the headers of GET, and no more is read for it', async () => {
      const source = setting.source('good');
      let opened;
      const head = await read(how, async (request, response) => {
        const range = await opener.openRange(source, 0, undefined, options);
        opened = source.bytesRead;
        await respond(response, range);
      }, '--head');
      const get = await read(how, fromRange('good'));
      for (const answer of [head, get]) delete answer.headers.date;
      assert.deepEqual([head.status, head.headers, outcomes], [200, get.headers, ['done']]);
      assert.equal(source.bytesRead, opened);
    });

    test('an empty file is answered, too', async () => {
      for (const opened of [{ plaintext: new Uint8Array() }, { plaintext: streamOf(new Uint8Array()), start: 0, end: 0, size: 0 }, { plaintext: streamOf(new Uint8Array()) }]) {
        const { status, headers, body } = await read(how, (request, response) => respond(response, opened));
        assert.deepEqual([status, headers['content-length'], body.length], [200, '0', 0]);
      }
    });
  });
}

test('what is still being opened is waited for, and its failure is the caller\'s to answer', async () => {
  const opening = (name) => (request, response) => respond(response, opener.openRange(setting.source(name), 0, undefined, options));
  assert.ok((await read(WAYS['HTTP/1.1'], opening('good'))).body.equals(PLAINTEXT));
  assert.equal((await read(WAYS['HTTP/1.1'], opening('refused'))).status, 502);
});

test('bytes and Blobs are whole already', async () => {
  for (const envelope of [setting.envelopes.good, new Blob([setting.envelopes.good])]) {
    const { headers, body } = await read(WAYS['HTTP/1.1'], async (request, response) => respond(response, await opener.open(envelope, options)));
    assert.deepEqual([headers['content-length'], body.equals(PLAINTEXT)], [`${PLAINTEXT.length}`, true]);
  }
  const { status, body } = await read(WAYS['HTTP/1.1'], async (request, response) => respond(response, await opener.openRange(new Blob([setting.envelopes.good]), 5, 9, options)));
  assert.deepEqual([status, [...body]], [206, [...PLAINTEXT.subarray(5, 9)]]);
});

test('what was opened cannot act in the origin of the page', async () => {
  const { headers } = await read(WAYS['HTTP/1.1'], fromRange('good', 0, undefined, { filename: 'ä.pdf', type: 'application/pdf' }));
  for (const name of ['date', 'connection', 'keep-alive']) delete headers[name];
  assert.deepEqual(headers, {
    'content-type': 'application/pdf',
    'content-disposition': "attachment; filename=\"_.pdf\"; filename*=UTF-8''%C3%A4.pdf",
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'private, no-store, no-transform',
    'content-length': `${PLAINTEXT.length}`,
  });
});

test('the caller has the last word on every header but the length and the range', async () => {
  const given = { 'Cache-Control': 'private, max-age=60', 'content-security-policy': null, etag: '"1"', 'x-two': ['a', 'b'], 'content-type': undefined };
  const { headers } = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { headers: given, disposition: 'inline' }));
  assert.deepEqual(
    ['cache-control', 'content-security-policy', 'etag', 'x-two', 'content-type', 'content-disposition'].map((name) => headers[name]),
    ['private, max-age=60', undefined, '"1"', 'a, b', 'application/octet-stream', 'inline'],
  );
  for (const headers of [{ 'Content-Length': 3 }, { 'content-range': null }, { 'transfer-encoding': 'chunked' }, { 'x-bad': 'a\r\nb' }, { 'x bad': 'a' }]) {
    const answer = await read(WAYS['HTTP/1.1'], fromRange('good', 0, 4, { filename: 'a', headers }));
    assert.deepEqual([answer.status, answer.headers['content-disposition']], [502, undefined], JSON.stringify(headers));
  }
});

test('a plaintext of another length than was announced is an error', async () => {
  for (const [length, exit] of [[9, 'RangeError'], [11, 'RangeError']]) {
    const plaintext = streamOf(new Uint8Array(10), 4);
    const answer = await read(WAYS['HTTP/1.0'], (request, response) => respond(response, { plaintext, start: 0, end: length, size: length }));
    assert.ok(!looksWhole(answer) || answer.body.length === length, `${length}`);
    assert.deepEqual(outcomes, [exit]);
  }
});

test('a response that was begun is refused, and its reader does not wait', async () => {
  const answer = await read(WAYS['HTTP/1.1'], (request, response) => {
    response.writeHead(200);
    response.write('x');
    return respond(response, { plaintext: new Uint8Array(5) });
  });
  assert.ok(!looksWhole(answer));
  assert.deepEqual(outcomes, ['TypeError']);
});

test('a response that something else ends meanwhile does not pass for the whole', async () => {
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
    assert.equal(outcomes.length, 1);
    assert.notEqual(outcomes[0], 'done');
  }
});

describe('a reader who goes away', () => {
  /** Asks, and leaves as soon as the first bytes are there. */
  const leave = {
    'HTTP/1.1': async () => {
      const socket = net.connect(servers.http.port, '127.0.0.1');
      socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
    },
    'HTTP/2': async () => {
      const session = http2.connect(servers.h2c.url);
      const stream = session.request({ ':path': '/' });
      await once(stream, 'data');
      stream.close(http2.constants.NGHTTP2_CANCEL);
      await once(stream, 'close');
      session.close();
    },
  };
  for (const [protocol, go] of Object.entries(leave)) {
    test(`${protocol}: the source is cancelled though it was about to wait`, async () => {
      const hand = byHand();
      const result = new Promise((resolve) => {
        handle = async (request, response) => {
          hand.write(new Uint8Array(10));
          resolve(await respond(response, { plaintext: hand.stream, start: 0, end: 20, size: 20 }).catch((error) => error));
        };
      });
      await go();
      assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
      assert.equal(hand.cancelled.reason.code, 'ERR_STREAM_PREMATURE_CLOSE');
    });

    test(`${protocol}: no more of the envelope is read`, async () => {
      const source = setting.source('long');
      const result = new Promise((resolve) => {
        handle = async (request, response) => {
          resolve(await respond(response, await opener.openRange(source, 0, undefined, options)).catch((error) => error));
        };
      });
      await go();
      assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
      assert.ok(source.bytesRead < source.size);
    });
  }

  test('what is being opened is told by its signal, and cancelled if it comes all the same', async () => {
    const hand = byHand();
    let arrived;
    const there = new Promise((resolve) => (arrived = resolve));
    const result = new Promise((resolve) => {
      handle = async (request, response) => {
        const opening = async ({ signal }) => {
          arrived();
          await once(signal, 'abort');
          return { plaintext: hand.stream };
        };
        resolve(await respond(response, opening).catch((error) => error));
      };
    });
    const socket = net.connect(servers.http.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await there;
    socket.destroy();
    assert.equal((await result).code, 'ERR_STREAM_PREMATURE_CLOSE');
    while (!hand.cancelled) await new Promise(setImmediate);
  });

  test('before anything was opened', async () => {
    for (const server of ['http', 'h2c']) {
      const hand = byHand();
      let arrived;
      const there = new Promise((resolve) => (arrived = resolve));
      const result = new Promise((resolve) => {
        handle = async (request, response) => {
          const closed = once(response, 'close');
          arrived();
          await closed;
          resolve(await respond(response, { plaintext: hand.stream }).catch((error) => error));
        };
      });
      if (server === 'http') {
        const socket = net.connect(servers.http.port, '127.0.0.1');
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
        await there;
        socket.destroy();
      } else {
        const session = http2.connect(servers.h2c.url);
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

test('an abort of the server\'s own does not end an HTTP/2 stream as if that was wanted', async () => {
  handle = async (request, response) => {
    const hand = byHand();
    hand.write(new Uint8Array(10));
    const responded = respond(response, { plaintext: hand.stream, start: 0, end: 20, size: 20 });
    while (!response.headersSent) await new Promise(setImmediate);
    // An AbortError of Node's own, for which it would send CANCEL.
    hand.fail(await once(response, 'never', { signal: AbortSignal.abort() }).catch((error) => error));
    await responded;
  };
  const session = http2.connect(servers.h2c.url);
  const stream = session.request({ ':path': '/' }).resume();
  const [error] = await once(stream, 'error');
  assert.match(error.message, /INTERNAL_ERROR/);
  session.close();
});

test('a failed answer resets the connection, so that the least careful reader of HTTP/1 notices', async () => {
  outcomes = [];
  handle = fromRange('altered');
  // Not Node's own socket, which may tell a reset that comes right behind data as an end.
  const program = `import socket
s = socket.create_connection(("127.0.0.1", ${servers.http.port}))
s.send(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
try:
    while s.recv(65536): pass
    print("ended")
except ConnectionResetError: print("reset")`;
  const { stdout } = await promisify(execFile)('python3', ['-c', program]);
  assert.equal(stdout.trim(), 'reset');
});

test('a middleware that removed Transfer-Encoding does not make a cut answer look whole', async () => {
  const answer = await read(WAYS['HTTP/1.1 over TLS'], (request, response) => {
    response.removeHeader('transfer-encoding');
    let left = 40;
    const pull = (controller) => (left-- > 0 ? controller.enqueue(new Uint8Array(2 ** 20)) : controller.error(new Error('altered')));
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
  assert.deepEqual(outcomes, ['Error']);
});

test('what an HTTP/2 reader cancels after the end was not handed over', async () => {
  const result = new Promise((resolve) => {
    handle = async (request, response) => resolve(await respond(response, { plaintext: new Uint8Array(10) }).catch((error) => error));
  });
  // A reader that takes headers only.
  const session = http2.connect(servers.h2c.url, { settings: { initialWindowSize: 0 } });
  const stream = session.request({ ':path': '/' });
  await once(stream, 'response');
  stream.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal((await result)?.code, 'ERR_STREAM_PREMATURE_CLOSE');
  session.close();
});

test('places that cannot be are a mistake of the caller, before anything is sent', async () => {
  const plaintext = () => streamOf(new Uint8Array(4));
  for (const [opened, options, error] of [
    [{ start: 5, end: 4, size: 9 }, {}, 'RangeError'], [{ start: -1, end: 4, size: 9 }, {}, 'RangeError'], [{ start: 0, end: 10, size: 9 }, {}, 'RangeError'],
    [{ start: 0, end: NaN, size: 9 }, {}, 'RangeError'], [{}, { status: 206 }, 'TypeError'],
  ]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext: plaintext(), ...opened }, options));
    assert.deepEqual([status, outcomes], [502, [error]]);
  }
});

test('what is not a plaintext is a TypeError', async () => {
  for (const plaintext of [undefined, null, 'text', 5]) {
    const { status } = await read(WAYS['HTTP/1.1'], (request, response) => respond(response, { plaintext }));
    assert.deepEqual([status, outcomes], [502, ['TypeError']]);
  }
});
