// How the cases of inputs compare bytes and errors.
import { all } from './input-forms.mjs';

export const ENGINES = ['webcrypto', 'wasm'];
export const COPIED = 32 * 2 ** 20;

export const fail = (what) => {
  throw new Error(what);
};

export function same(found, expected, what = 'bytes') {
  if (found.length !== expected.length) fail(`${what}: ${found.length} bytes in place of ${expected.length}`);
  for (let at = 0; at < found.length; at++) {
    if (found[at] !== expected[at]) fail(`${what}: byte ${at} is ${found[at]} in place of ${expected[at]}`);
  }
}

/** That it fails with this name or code, in these words. */
export async function fails(work, error, words, what = '') {
  let result;
  try {
    result = await work();
    if (result instanceof ReadableStream) await all(result);
    if (result?.plaintext instanceof ReadableStream) await all(result.plaintext);
  } catch (thrown) {
    if ((thrown.code?.startsWith?.('ERR_') ? thrown.code : thrown.name) !== error || !words.test(thrown.message))
      fail(`${what} failed as ${thrown}`);
    return thrown;
  }
  return fail(`${what} did not fail`);
}

/** What is in an envelope. */
export const opened = async (kit, sealed) => (await kit.opener().open(await all(sealed))).plaintext;
