// Uploads outside a browser whose server's half hides failures: they end with an error that says what
// to write instead, and never count as delivered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Uppy from '@uppy/core';
import { resumeSealed, uploadSealed } from 'kmseal/s3';
import { tusOptions } from 'kmseal/tus';
import Seal from 'kmseal/uppy';
import { testUploads } from './store.mjs';

const MIB = 2 ** 20;
const SMALL = new Blob(['secret']);
const PARTS = new Blob([new Uint8Array(6 * MIB)]);

const { sealer, store } = await testUploads();
const { origin } = store;

/** Bytes that came with each PUT. */
const arrived = () => store.arrived.map(({ length }) => length);

const answered = (status) => Object.assign(new Error('refused'), { status });

/** @param {Partial<import('kmseal/s3').UploadServer>} [server] callbacks in place of those that answer at once */
function upload(file, { server, begin = uploadSealed, ...options } = {}) {
  return begin(file, { sealer, partSize: 5 * MIB, retries: 0, server: { ...store.callbacks, ...server }, ...options });
}

test('an upload works where there is neither a document nor a location', async () => {
  const { size } = await upload(SMALL);
  assert.deepEqual(arrived(), [size]);
  const parts = await upload(PARTS);
  assert.equal(
    arrived()
      .slice(1)
      .reduce((sum, length) => sum + length),
    parts.size,
  );
});

/** The first answer is cut, as WebKit tells it of a connection that ends within an answer. */
const CUT = {
  'signPart is empty': ['signPart', () => new Response('')],
  'signPart ends early': ['signPart', () => new Response('{"url":"https://')],
  'signPart ends early in JSON that the callback reads': ['signPart', () => new Response('{"url":').json()],
  'createMultipartUpload lacks the bytes that it announced': [
    'createMultipartUpload',
    () => new Response('', { headers: { 'content-length': '20' } }),
  ],
  'completeMultipartUpload ends early': ['completeMultipartUpload', () => new Response('{"location"')],
};
for (const [what, [name, cut]] of Object.entries(CUT)) {
  test(`an upload asks again if the answer to ${what}`, async () => {
    const whole = {
      createMultipartUpload: async () => ({ id: 1 }),
      signPart: async (request) => {
        assert.deepEqual(request.upload, { id: 1 });
        return store.callbacks.signPart(request);
      },
      completeMultipartUpload: async () => 'completed',
    };
    let asked = 0;
    const server = { ...whole, [name]: (...args) => (asked++ === 0 ? cut() : whole[name](...args)) };
    const retries = [];
    const { completed, size } = await upload(PARTS, {
      server,
      retries: 1,
      onRetry: ({ error }) => retries.push(error),
    });
    assert.equal(completed, 'completed');
    assert.deepEqual(
      retries.map(({ code }) => code),
      ['ERR_UPLOAD'],
    );
    assert.equal(
      arrived().reduce((sum, length) => sum + length),
      size,
    );
  });
}

test('an upload whose completion was answered with half an answer is perhaps delivered, and so the error says', async () => {
  let asked = 0;
  const completeMultipartUpload = () => {
    if (asked++ === 0) return new Response('{"location"');
    throw answered(404);
  };
  await assert.rejects(upload(PARTS, { server: { completeMultipartUpload }, retries: 1 }), {
    code: 'ERR_UPLOAD',
    message: /perhaps delivered/,
  });
});

test('an answer that is a page and not JSON is not asked for again', async () => {
  const retries = [];
  const signPart = () => new Response('<!doctype html><title>Sign in</title>');
  await assert.rejects(upload(PARTS, { server: { signPart }, retries: 3, onRetry: (retry) => retries.push(retry) }), {
    code: 'ERR_UPLOAD',
  });
  assert.deepEqual(retries, []);
});

const SILENT = {
  'forgets to return its promise': [
    () => void Promise.reject(new Error('never seen')).catch(() => {}),
    { name: 'TypeError', message: /completeMultipartUpload gives nothing to wait for/ },
  ],
  'gives an Observable that nobody subscribes to': [
    () => ({ subscribe() {} }),
    { name: 'TypeError', message: /gives an Observable; give a promise/ },
  ],
  'gives a refusal as axios does with validateStatus': [
    async () => ({ status: 404, headers: {}, data: '' }),
    { code: 'ERR_UPLOAD', status: 404 },
  ],
  'gives a refusal as got does without throwHttpErrors': [
    async () => ({ statusCode: 403, headers: {}, body: '' }),
    { code: 'ERR_UPLOAD', status: 403 },
  ],
};
for (const [what, [completeMultipartUpload, expected]] of Object.entries(SILENT)) {
  test(`an upload does not count as delivered if completeMultipartUpload ${what}`, async () => {
    let aborted = 0;
    const abortMultipartUpload = async () => void aborted++;
    await assert.rejects(upload(PARTS, { server: { completeMultipartUpload, abortMultipartUpload } }), expected);
    assert.equal(aborted, 1);
  });
}

const PAGE = '<!doctype html><title>Sign in</title>';
const S3_ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n\n<Error><Code>InternalError</Code></Error>';
const IS_PAGE =
  /^the envelope is perhaps delivered.* the answer to server\.completeMultipartUpload is a page or S3's error;/;
const REPORTS = /^the envelope is perhaps delivered.* the answer to server\.completeMultipartUpload reports an error;/;
const FAILED = {
  'a login page, as the data of axios': [PAGE, IS_PAGE],
  'a login page in a Response': [new Response(PAGE), IS_PAGE],
  'a login page in an answer of axios': [{ status: 200, headers: {}, data: PAGE }, IS_PAGE],
  'a login page in an answer of superagent': [{ status: 200, headers: {}, text: PAGE, body: {} }, IS_PAGE],
  'a login page in an XMLHttpRequest': [{ status: 200, responseURL: origin, response: PAGE }, IS_PAGE],
  "S3's error with status 200": [S3_ERROR, IS_PAGE],
  'an error beside data, as Supabase gives it': [{ data: null, error: new Error('no') }, REPORTS],
  'an error in JSON with status 200': [Response.json({ error: 'InternalError' }), REPORTS],
  'a failure of Lambda through API Gateway': [Response.json({ errorMessage: 'Task timed out' }), REPORTS],
  'errors of GraphQL': [{ data: null, errors: [{ message: 'no' }] }, REPORTS],
  'false, as `ok` of a Response': [false, REPORTS],
};
for (const [what, [answer, message]] of Object.entries(FAILED)) {
  test(`an upload does not count as delivered if completeMultipartUpload gives ${what}, and stays in the store`, async () => {
    const kept = endingStore();
    const server = { completeMultipartUpload: async () => answer };
    await assert.rejects(upload(PARTS, { store: kept, id: 'mine', server }), { code: 'ERR_UPLOAD', message });
    assert.ok(await kept.load());
    const { completed } = await upload(PARTS, { store: kept, id: 'mine', begin: resumeSealed });
    assert.deepEqual(completed, {});
  });
}

test('a refusal with its Response, as openapi-fetch gives it, has its status', async () => {
  const response = new Response(null, { status: 403 });
  const server = { completeMultipartUpload: async () => ({ error: undefined, response }) };
  await assert.rejects(upload(PARTS, { server }), { code: 'ERR_UPLOAD', status: 403 });
});

test('a login page in place of any other answer keeps the upload, which continues after signing in', async () => {
  for (const step of ['createMultipartUpload', 'signPart', 'listParts']) {
    const kept = { store: endingStore(), id: 'mine' };
    const begin = step === 'listParts' ? resumeSealed : uploadSealed;
    if (begin === resumeSealed) {
      const completeMultipartUpload = async () => PAGE;
      await assert.rejects(upload(PARTS, { ...kept, server: { completeMultipartUpload } }));
    }
    const message = `the answer to server.${step} is a page or S3's error; sign in again, or see what the server says`;
    await assert.rejects(upload(PARTS, { ...kept, begin, server: { [step]: async () => PAGE } }), { message });
    assert.deepEqual((await upload(PARTS, { ...kept, begin: resumeSealed })).completed, {});
  }
});

test("an answer counts with S3's own result, and with empty lists of errors", async () => {
  const result =
    '<?xml version="1.0" encoding="UTF-8"?>\n<CompleteMultipartUploadResult></CompleteMultipartUploadResult>';
  for (const answer of [result, { errors: [], error: null, data: 1 }]) {
    const { completed } = await upload(PARTS, { server: { completeMultipartUpload: async () => answer } });
    assert.deepEqual(completed, answer);
  }
});

test('an answer constructed by the page may have a status and headers', async () => {
  const { completed } = await upload(PARTS, { server: { completeMultipartUpload: () => ({ status: 3 }) } });
  assert.deepEqual(completed, { status: 3 });
  const { completed: response } = await upload(PARTS, {
    server: { completeMultipartUpload: async () => ({ status: 201, headers: {}, data: 1 }) },
  });
  assert.equal(response.data, 1);
});

test('a Response that the callback has read itself is not a lost connection, and is not requested again', async () => {
  let asked = 0;
  const signPut = async () => {
    asked++;
    const response = Response.json({ url: origin });
    await response.json();
    return response;
  };
  await assert.rejects(upload(SMALL, { server: { signPut }, retries: 5 }), {
    name: 'TypeError',
    message: /signPut gives was read already/,
  });
  assert.equal(asked, 1);
});

test('an upload that may have been delivered is not reported as surely failed after the page has continued', async () => {
  store.statuses = [500];
  let signed = 0;
  const told = [];
  const signPut = async () => {
    if (signed++ > 0) throw answered(400);
    return { url: `${origin}/object` };
  };
  const resume = ({ message }) => told.push(message) === 1;
  await assert.rejects(upload(SMALL, { server: { signPut }, resume }), {
    code: 'ERR_UPLOAD',
    status: 400,
    message: /^the envelope is perhaps delivered/,
  });
  assert.match(told[0], /^the envelope is perhaps delivered/);
});

test('an upload in parts is not reported as surely failed either after the page has continued', async () => {
  let completed = 0;
  const completeMultipartUpload = async () => {
    throw answered(completed++ === 0 ? 500 : 400);
  };
  const resume = ({ status }) => status === 500;
  const expected = { code: 'ERR_UPLOAD', status: 400, message: /^the envelope is perhaps delivered/ };
  await assert.rejects(upload(PARTS, { server: { completeMultipartUpload }, resume }), expected);
});

/** A store whose page ends as soon as it is about to learn what became of the last request: nothing more is saved or forgotten. */
function endingStore() {
  let kept;
  let isOver = false;
  const change = (state) => {
    if (!isOver) kept = state;
  };
  return {
    own: async () => () => {},
    load: async () => kept,
    save: async (state) => change(state),
    forget: async () => change(undefined),
    end() {
      isOver = true;
    },
    begin() {
      isOver = false;
    },
  };
}

for (const { what, file, step, first, second } of [
  {
    what: 'a single PUT',
    file: SMALL,
    step: 'signPut',
    first: (end) => {
      end();
      return { url: `${origin}/object` };
    },
    second: 409,
  },
  {
    what: 'the completion of parts',
    file: PARTS,
    step: 'completeMultipartUpload',
    first: (end) => {
      end();
      throw answered(500);
    },
    second: 404,
  },
]) {
  test(`${what} whose answer was lost with its page is not reported as surely failed in the next one`, async () => {
    const pages = endingStore();
    const kept = { store: pages, id: 'mine' };
    await upload(file, { ...kept, server: { [step]: async () => first(pages.end) } }).catch(() => {});
    const sent = arrived().length;
    assert.ok(sent > 0);
    pages.begin();
    const refuse = async () => {
      throw answered(second);
    };
    await assert.rejects(upload(file, { ...kept, begin: resumeSealed, server: { [step]: refuse } }), {
      code: 'ERR_UPLOAD',
      status: second,
      message: /^the envelope is perhaps delivered/,
    });
    assert.equal(arrived().length, sent);
  });
}

test('callbacks that are called only after a failure are checked before anything is sent', async () => {
  for (const name of ['resume', 'onRetry', 'onProgress']) {
    await assert.rejects(upload(SMALL, { [name]: true }), { name: 'TypeError', message: `${name} must be a function` });
  }
  assert.deepEqual(arrived(), []);
  assert.throws(() => tusOptions({ sealer, onRetry: true }), { message: 'onRetry must be a function' });
  assert.throws(() => new Uppy().use(Seal, { sealer, onRetry: true }), { message: 'onRetry must be a function' });
  assert.throws(() => new Uppy().use(Seal, { sealer, rename: 'envelope' }), { message: 'rename must be a function' });
});
