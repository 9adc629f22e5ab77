// Which reports of the page's Content-Security-Policy are about a request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { importSource } from '../../tools/source.mjs';

const { watchPolicy } = await importSource('js/uploads/policy.ts');

const REPORT = {
  effectiveDirective: 'connect-src',
  disposition: 'enforce',
  blockedURI: 'https://files.example/a?signature=1',
};

/** What globalThis is in a page. */
const page = new EventTarget();
before(() => {
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  globalThis.location = new URL('https://page.example/upload/');
});
after(() => {
  for (const name of ['addEventListener', 'removeEventListener', 'location']) delete globalThis[name];
});

/** What is said about a request to `url` after the report. */
function told(url, report) {
  const policy = watchPolicy(url);
  page.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), REPORT, report));
  policy.stop();
  return policy.forbidden;
}

const sentence = (origin) => `the page's Content-Security-Policy forbids requests to ${origin}; add it to connect-src`;

test('a report of the address, or of its origin, names the origin', () => {
  for (const blockedURI of [REPORT.blockedURI, 'https://files.example', 'https://files.example/a'])
    assert.equal(told('https://files.example/a?signature=1', { blockedURI }), sentence('https://files.example'));
});

test('a relative address is relative to the page', () => {
  const blockedURI = 'https://page.example/files';
  assert.equal(told('/files', { blockedURI }), sentence('https://page.example'));
});

test('a report of something else is ignored', () => {
  for (const report of [
    { blockedURI: '' },
    { blockedURI: '?' },
    { blockedURI: 'https://other.example' },
    { effectiveDirective: 'img-src' },
    { disposition: 'report' },
  ])
    assert.equal(told('https://files.example/a?signature=1', report), undefined, JSON.stringify(report));
});

test('what is reported after the request has ended is not heard', () => {
  const policy = watchPolicy('https://files.example/a');
  policy.stop();
  page.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), REPORT));
  assert.equal(policy.forbidden, undefined);
});
