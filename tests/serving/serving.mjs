// What the tests of serving open, and who reads it: envelopes that are good, altered, cut, or sealed for a key that KMS refuses.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { DisableKeyCommand } from '@aws-sdk/client-kms';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { startKms } from '../support/servers/kms.mjs';

export const FRAME = 256 * 1024;
export const CONTEXT = { purpose: 'upload', user: '4711' };
/** Altered and cut in its last third. */
export const PLAINTEXT = sample(12 * FRAME + 10);
/** More than sockets buffer, and more than is read of an envelope at a time. */
const LONG = sample(80 * FRAME);

/** The envelopes by name, and how an application opens them. */
export async function startEnvelopes() {
  const kms = await startKms();
  const key = await KmsPublicKey.import(await kms.createKey());
  const disabled = await KmsPublicKey.import(await kms.createKey());
  const seal = (data, keys = key) => new Sealer({ keys, encryptionContext: CONTEXT }).seal(data);
  const good = await seal(PLAINTEXT);
  const altered = good.slice();
  altered[Math.floor(0.8 * good.length)] ^= 1;
  const envelopes = {
    good,
    good2: good,
    altered,
    cut: good.subarray(0, Math.floor(0.8 * good.length)),
    refused: await seal(PLAINTEXT, disabled),
    long: await seal(LONG),
  };
  await kms.client.send(new DisableKeyCommand({ KeyId: disabled.keyId }));
  const keyIds = [key.keyId, disabled.keyId];
  const opener = new Opener({ keyIds, decrypt: kms.decrypt, cache: { maxAge: 600_000 } });
  const fates = {};

  const setting = {
    envelopes,
    keyIds,
    opener,
    seal,
    kms,

    /** As storage returns it, with the count of bytes that were read. */
    source(name) {
      const envelope = envelopes[name];
      const source = {
        size: envelope.length,
        bytesRead: 0,
        async read(start, end, { signal } = {}) {
          signal?.throwIfAborted();
          source.bytesRead += end - start;
          return envelope.slice(start, end);
        },
      };
      return source;
    },

    /** What the snippets of docs/downloads.md use. */
    async openDownload(id, { signal }) {
      const tell = fates[id] ?? (() => {});
      signal.addEventListener('abort', () => tell('cancelled'));
      const opened = await opener.openRange(setting.source(id), { encryptionContext: CONTEXT, signal });
      return { ...opened, plaintext: watched(opened.plaintext, tell) };
    },

    /** The outcome of the plaintext that is opened next under this name: `read` to its end, or `cancelled`. */
    fateOf: (id) => new Promise((resolve) => (fates[id] = resolve)),

    close: () => kms.close(),
  };
  return setting;
}

/** The same stream, with a record of whether it was read or cancelled. */
function watched(stream, tell) {
  const reader = stream.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        tell('read');
        return controller.close();
      },
      cancel(reason) {
        tell('cancelled');
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Requests a URL and leaves at the first bytes of the answer. */
export async function leave(url, protocol = 'HTTP/1.1') {
  const { hostname, port, pathname, origin } = new URL(url);
  if (protocol === 'HTTP/2') {
    const session = http2.connect(origin);
    const stream = session.request({ ':path': pathname });
    await once(stream, 'data');
    stream.close(http2.constants.NGHTTP2_CANCEL);
    session.destroy();
    return;
  }
  const socket = net.connect(port, hostname);
  socket.write(`GET ${pathname} ${protocol}\r\nhost: ${hostname}\r\n\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

/**
 * Lets curl read a URL.
 * @returns {Promise<{ failed: boolean, exit: number, status: number, headers: Record<string, string>, body: Buffer }>} failed: what
 *   curl itself says of it
 */
export async function curl(url, ...options) {
  const line = '%{stderr}%{http_code} %{header_json}';
  const child = spawn('curl', [
    '--silent',
    '--insecure',
    '--noproxy',
    '*',
    '--max-time',
    '120',
    '--write-out',
    line,
    ...options,
    url,
  ]);
  const [body, told] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.setEncoding('utf8').toArray(),
    once(child, 'close'),
  ]);
  const [, status, json] = /(\d{3}) ([^]*)$/.exec(told.join(''));
  const headers = Object.fromEntries(
    Object.entries(JSON.parse(json)).map(([name, values]) => [name, values.join(', ')]),
  );
  return {
    failed: child.exitCode !== 0,
    exit: child.exitCode,
    status: Number(status),
    headers,
    body: Buffer.concat(body),
  };
}

/** Whether a reader who checks status, length and curl's verdict would take an answer for a good one. */
export const looksWhole = ({ failed, status }) => !failed && status >= 200 && status < 300;
