// Which files match the attribute `accept`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { isAccepted } = await importSource('js/element/accept.ts');

const accepts = (accept, name, type = '') => isAccepted({ name, type }, accept);

test('an empty accept attribute allows every file', () => {
  for (const accept of ['', ' ', ',', '*/*', '*'])
    assert.equal(accepts(accept, 'a.exe', 'application/x-msdownload'), true, accept);
});

test('a file matches by its type, without parameters and in any case', () => {
  assert.equal(accepts('text/plain', 'notes', 'Text/Plain; charset=utf-8'), true);
  assert.equal(accepts('image/*', 'photo', 'image/x-new'), true);
  assert.equal(accepts('image/*', 'photo', 'video/mp4'), false);
});

test('a file without a type matches by its extension', () => {
  assert.equal(accepts('image/*', 'IMG_1.HEIC'), true);
  assert.equal(accepts('application/pdf', 'paper.pdf'), true);
  assert.equal(accepts('text/csv', 'table.csv', 'application/vnd.ms-excel'), true);
  assert.equal(accepts('application/pdf', 'paper.pdf.exe'), false);
  assert.equal(accepts('application/pdf', 'pdf'), false);
});

test('an extension in the attribute matches the end of the name', () => {
  assert.equal(accepts('.tar.gz, .PDF', 'backup.tar.gz'), true);
  assert.equal(accepts('.tar.gz, .PDF', 'paper.pdf'), true);
  assert.equal(accepts('.pdf', 'paper.pdf.exe'), false);
});
