// What the demo's form and tus endpoints store: envelopes for this key and this upload, and nothing else.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { createKey } from '../../tools/kms.mjs';
import { openDemo, sha256 } from '../support/servers/demo.mjs';

let demo;
before(async () => {
  demo = await openDemo();
});
after(() => demo?.close());

const contextOf = (id) => ({ purpose: 'kmseal-demo', upload: id });
const open = async (id) => (await demo.ask('POST', `/uploads/${id}/open`)).json();

/** Files that must not be stored, each with the code of its refusal. */
async function unwelcome(id) {
  const other = await createKey(demo.kms, { spec: 'RSA_2048' });
  const [text, envelope] = [Buffer.from('in the clear'), await demo.seal('sealed', contextOf(id))];
  return [
    ['NOT_SEALED', text],
    ['NOT_SEALED', Buffer.alloc(0)],
    ['NOT_SEALED', Buffer.concat([text, envelope])],
    ['NOT_SEALED', Buffer.from(envelope.subarray(0, 100))],
    ['OTHER_KEY', Buffer.from(await demo.seal('for others', contextOf(id), other))],
    ['OTHER_CONTEXT', Buffer.from(await demo.seal('elsewhere', contextOf('0')))],
    ['OTHER_CONTEXT', Buffer.from(await demo.seal('nowhere', { purpose: 'kmseal-demo' }))],
    ['OTHER_CONTEXT', Buffer.from(await demo.seal('more', { ...contextOf(id), more: 'than that' }))],
  ];
}

/** Asserts that `work` leaves the bucket and the temporary folder as they were. */
async function keepsNothing(work) {
  const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('kmseal-form-'));
  const [keys, temporary] = [await demo.objectKeys(), folders()];
  await work();
  assert.deepEqual(await demo.objectKeys(), keys);
  assert.deepEqual(
    folders().filter((name) => !temporary.includes(name)),
    [],
  );
}

describe('the form endpoint', () => {
  async function send(fields, headers = {}) {
    const form = new FormData();
    for (const [name, value] of fields) {
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, new Blob([value]), 'file-1.kmseal');
    }
    const packed = new Response(form);
    const type = packed.headers.get('content-type');
    return demo.ask('POST', '/form', {
      'content-type': type,
      body: Buffer.from(await packed.arrayBuffer()),
      ...headers,
    });
  }

  test('the form endpoint stores envelopes, and each one opens', async () => {
    const id = await demo.createUpload('form');
    const [one, two, about] = await Promise.all(['one', 'two', 'a name'].map((text) => demo.seal(text, contextOf(id))));
    const answer = await send([
      ['upload', id],
      ['doc', one],
      ['doc', two],
      ['doc-meta', about],
    ]);
    assert.equal(answer.status, 201);
    const { stored } = answer.json();
    const opened = await Promise.all(stored.map(open));
    assert.deepEqual(
      opened.map((found) => found.sha256),
      ['one', 'two', 'a name'].map(sha256),
    );
    const listed = (await demo.ask('GET', '/arrivals.json?way=form')).json();
    // The first name goes with the first file.
    assert.deepEqual(listed.map(({ id, about }) => [id, about?.id]).reverse(), [
      [stored[0], stored[2]],
      [stored[1], undefined],
    ]);
  });

  test('the form endpoint redirects a browser to the files that arrived', async () => {
    const id = await demo.createUpload('form');
    const envelope = await demo.seal('sent on', contextOf(id));
    const answer = await send(
      [
        ['upload', id],
        ['doc', envelope],
      ],
      { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    );
    assert.deepEqual(
      { status: answer.status, location: answer.headers.location },
      { status: 303, location: '/arrived' },
    );
  });

  test('the form endpoint stores no part of a request in which one file is not an envelope for this upload', async () => {
    const id = await demo.createUpload('form');
    const good = await demo.seal('good', contextOf(id));
    await keepsNothing(async () => {
      for (const [code, bytes] of await unwelcome(id)) {
        for (const fields of [
          [['doc', bytes]],
          [
            ['doc', good],
            ['doc', bytes],
          ],
          [
            ['doc', good],
            ['doc-meta', bytes],
          ],
        ]) {
          const answer = await send([['upload', id], ...fields]);
          assert.deepEqual(
            { status: answer.status, error: answer.json().error },
            { status: 422, error: code },
            `${bytes.length} bytes`,
          );
        }
      }
    });
  });

  test('the form endpoint reports a missing envelope and an unknown upload', async () => {
    const id = await demo.createUpload('form');
    const envelope = await demo.seal('well', contextOf(id));
    await keepsNothing(async () => {
      const cases = [
        [422, 'MISSING', [['upload', id]]],
        [
          422,
          'MISSING',
          [
            ['upload', id],
            ['doc', 'as text'],
          ],
        ],
        [
          422,
          'MISSING',
          [
            ['upload', id],
            ['doc-meta', envelope],
          ],
        ],
        [
          422,
          'UNPAIRED',
          [
            ['upload', id],
            ['doc', envelope],
            ['doc-meta', envelope],
            ['doc-meta', envelope],
          ],
        ],
        [
          422,
          'UNKNOWN_FIELD',
          [
            ['upload', id],
            ['doc', envelope],
            ['raw', envelope],
          ],
        ],
        [404, 'UNKNOWN_UPLOAD', [['doc', envelope]]],
        [
          404,
          'UNKNOWN_UPLOAD',
          [
            ['upload', '00000000-0000-4000-8000-000000000000'],
            ['doc', envelope],
          ],
        ],
      ];
      for (const [status, code, fields] of cases) {
        const answer = await send(fields);
        assert.deepEqual({ status: answer.status, error: answer.json().error }, { status, error: code });
      }
      const shown = await send([['upload', id]], { accept: 'text/html' });
      assert.deepEqual(
        { status: shown.status, contentType: shown.headers['content-type'] },
        { status: 422, contentType: 'text/html; charset=UTF-8' },
      );
      assert.match(shown.text, /The form came without a sealed file/);
      const unreadable = await demo.ask('POST', '/form', {
        'content-type': 'text/plain',
        body: Buffer.from('upload=1'),
      });
      assert.equal(unreadable.status, 400);
    });
  });
});

describe('the tus endpoint', () => {
  const TUS = { 'tus-resumable': '1.0.0' };
  const metadata = (fields) =>
    Object.entries(fields)
      .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
      .join(',');
  const create = (size, fields) =>
    demo.ask('POST', '/tus', { ...TUS, 'upload-length': String(size), 'upload-metadata': metadata(fields) });
  const patch = (url, offset, body) =>
    demo.ask('PATCH', url, {
      ...TUS,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
      body,
    });

  test('the tus endpoint stores an envelope that comes in two pieces', async () => {
    const id = await demo.createUpload('tus');
    const envelope = Buffer.from(await demo.seal('in two pieces', contextOf(id)));
    const created = await create(envelope.length, { upload: id });
    assert.equal(created.status, 201);
    const { location } = created.headers;
    assert.match(location, /^\/tus\/\w+$/);
    assert.equal((await patch(location, 0, envelope.subarray(0, 300))).headers['upload-offset'], '300');
    assert.equal((await demo.ask('GET', '/arrivals.json?way=tus')).json().length, 0);
    assert.equal((await demo.ask('GET', location)).status, 404);
    const { status, headers } = await demo.ask('HEAD', location, TUS);
    const { 'upload-offset': offset, 'upload-length': length } = headers;
    assert.deepEqual({ status, offset, length }, { status: 200, offset: '300', length: String(envelope.length) });
    assert.equal((await patch(location, 300, envelope.subarray(300))).status, 204);
    assert.equal((await open(id)).sha256, sha256('in two pieces'));
    assert.equal((await demo.ask('HEAD', location, TUS)).status, 404);
  });

  test('the tus endpoint stores nothing but envelopes', async () => {
    const id = await demo.createUpload('tus');
    await keepsNothing(async () => {
      for (const [code, bytes] of (await unwelcome(id)).filter(([, { length }]) => length > 0)) {
        const { location } = (await create(bytes.length, { upload: id })).headers;
        const answer = await patch(location, 0, bytes);
        assert.deepEqual(
          { status: answer.status, error: answer.json().error },
          { status: 422, error: code },
          `${bytes.length} bytes`,
        );
        assert.equal((await demo.ask('HEAD', location, TUS)).status, 404);
      }
    });
  });

  test('the tus endpoint refuses uploads that it did not issue and uploads that are too large', async () => {
    for (const fields of [{ name: 'mine' }, { upload: '00000000-0000-4000-8000-000000000000' }]) {
      const answer = await create(100, fields);
      assert.deepEqual({ status: answer.status, error: answer.json().error }, { status: 404, error: 'UNKNOWN_UPLOAD' });
    }
    const id = await demo.createUpload('tus');
    assert.equal((await create(2 ** 30, { upload: id })).status, 413);
  });
});
