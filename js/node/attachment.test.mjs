// The headers of a served file: its name and its type.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { contentDisposition, contentType } = await importSource('js/node/attachment.ts');

test('contentDisposition repeats a name in filename* only if ASCII cannot carry it', () => {
  assert.equal(contentDisposition('attachment', 'paper.pdf'), 'attachment; filename="paper.pdf"');
  assert.equal(
    contentDisposition('inline', 'Übung.pdf'),
    `inline; filename="_bung.pdf"; filename*=UTF-8''%C3%9Cbung.pdf`,
  );
  assert.equal(
    contentDisposition('attachment', `a"b%'(c)*!`),
    `attachment; filename="a_b_'(c)*!"; filename*=UTF-8''a%22b%25%27%28c%29%2A%21`,
  );
});

test('contentDisposition omits a name that is empty, or only dots', () => {
  for (const name of [undefined, '', ' ', '.', '..', '/', 'folder/..', '\u202e'])
    assert.equal(contentDisposition('attachment', name), 'attachment', name);
});

test('contentDisposition removes folders, line ends and bidirectional characters', () => {
  for (const name of ['../etc/passwd', 'C:\\etc\\passwd', 'pass\r\nwd', 'pass\u202ewd']) {
    assert.equal(contentDisposition('attachment', name), 'attachment; filename="passwd"', JSON.stringify(name));
  }
});

test('contentDisposition shortens a long name in the middle and keeps its extension', () => {
  const [, encoded] = /filename\*=UTF-8''(.*)$/.exec(contentDisposition('attachment', `${'ü'.repeat(1000)}.pdf`));
  const name = decodeURIComponent(encoded);
  assert.deepEqual(
    { length: name.length, extension: name.slice(-4), middle: name.includes('…') },
    { length: 255, extension: '.pdf', middle: true },
  );
});

test('contentType keeps a media type with its parameters', () => {
  for (const type of ['image/png', 'text/plain; charset=utf-8', 'application/vnd.a+json;a="b c"'])
    assert.equal(contentType(type), type);
});

test('contentType sends invalid types, and types that a page could run, as bytes', () => {
  for (const type of [
    undefined,
    '',
    'png',
    'a/b, c/d',
    'a/b\r\nx: y',
    'text/javascript',
    'Text/CSS; a=b',
    'application/wasm',
    'application/x-ecmascript',
  ]) {
    assert.equal(contentType(type), 'application/octet-stream', type);
  }
});
