// What respond sends of a file: its name, as the library content-disposition reads it, and its type.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { servingTools } from '../../tools/npm.mjs';
import { respond } from 'kmseal/node';
import { codePoint } from '../support/code-points.mjs';

let parse;
let server;
let options;
before(async () => {
  ({ parse } = createRequire(path.join(await servingTools(), 'package.json'))('content-disposition'));
  // A slow machine must not make the reader use a connection that the server has just given up.
  server = createServer({ keepAliveTimeout: 0 }, (request, response) =>
    respond(response, { plaintext: new Uint8Array(1) }, options),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(() => {
  server?.closeAllConnections();
  server?.close();
});

async function headersFor(given) {
  options = given;
  const response = await fetch(`http://127.0.0.1:${server.address().port}`);
  await response.arrayBuffer();
  return response.headers;
}

const nameOf = async (filename) => {
  const header = (await headersFor({ filename })).get('content-disposition');
  assert.match(header, /^attachment[ -~]*$/);
  const { type, parameters } = parse(header);
  assert.equal(type, 'attachment');
  return parameters.filename;
};

test('a library reads the name that was given', async () => {
  for (const name of [
    'paper.pdf',
    'two words.txt',
    "l'été (1)*!.pdf",
    'Übersicht.pdf',
    '診断書.pdf',
    '👩‍⚕️.txt',
    '100%.txt',
    'a"b.txt',
    '%41.txt',
    'a;b=c,d.txt',
    '.profile',
    "''.txt",
  ]) {
    assert.equal(await nameOf(name), name);
  }
});

test('a hostile name is reduced to a plain name', async () => {
  for (const { hostile, name } of [
    { hostile: '../../etc/passwd', name: 'passwd' },
    { hostile: 'C:\\Users\\x\\a.pdf', name: 'a.pdf' },
    { hostile: 'a/b\\c.txt', name: 'c.txt' },
    { hostile: '/', name: undefined },
    { hostile: '..', name: undefined },
    { hostile: '.', name: undefined },
    { hostile: '', name: undefined },
    { hostile: '  ', name: undefined },
    { hostile: 'a\r\nset-cookie: b=c', name: 'aset-cookie: b=c' },
    { hostile: 'a\0.txt', name: 'a.txt' },
    { hostile: 'a\u007f\u0085\u009b.txt', name: 'a.txt' },
    { hostile: 'a\u2028\u2029.txt', name: 'a.txt' },
    { hostile: 'invoice\u202efdp.exe', name: 'invoicefdp.exe' },
    { hostile: '\u2066a\u2069\u200f\u061c.txt', name: 'a.txt' },
    { hostile: 'a\ud800.txt', name: 'a\ufffd.txt' },
    { hostile: '"; filename=evil.exe; x="', name: '"; filename=evil.exe; x="' },
  ])
    assert.equal(await nameOf(hostile), name, JSON.stringify(hostile));
});

test('a very long name keeps its ending and fits in a header', async () => {
  for (const long of [`${'x'.repeat(100_000)}.pdf`, `${'診'.repeat(20_000)}.pdf`, `${'👩'.repeat(20_000)}.pdf`]) {
    const name = await nameOf(long);
    assert.ok(name.length <= 255 && name.endsWith('.pdf') && name.isWellFormed?.() !== false);
  }
});

test('any name gives a header that the library reads, without folders, line breaks and bidirectional characters', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: codePoint }), fc.string({ unit: 'grapheme' }), fc.string()),
      async (filename) => {
        assert.doesNotMatch((await nameOf(filename)) ?? '', /[/\\\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      },
    ),
    { numRuns: 300 },
  );
});

test('a type that the page could run or apply, or that is invalid, is sent as bytes', async () => {
  const typeOf = async (type) => (await headersFor({ type })).get('content-type');
  for (const type of [
    'text/plain',
    'text/html; charset=utf-8',
    'image/svg+xml',
    'application/pdf',
    'text/csv; header="a;b"',
    'application/postscript',
  ])
    assert.equal(await typeOf(type), type);
  for (const type of [
    'text/javascript',
    'TEXT/JavaScript ; charset=utf-8',
    'application/x-javascript',
    'application/ecmascript',
    'text/javascript1.5',
    'text/livescript',
    'text/jscript',
    'text/css',
    'application/wasm',
    'text/plain, text/javascript',
    'text/plain\r\nx: y',
    'text',
    '',
    undefined,
    'text/plain; charset',
    'ä/b',
    ' ',
  ])
    assert.equal(await typeOf(type), 'application/octet-stream', type);
});
