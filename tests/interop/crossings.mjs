// What the SDK of a language and kmseal, in Node, have to open of each other, for each kind of key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sealer } from 'kmseal';
import { pairsOf, sample } from '../support/page/bytes.mjs';
import { CONTEXTS } from './contexts.mjs';
import { KINDS } from './kinds.mjs';

const FRAME = 4096;
/** Nothing, one byte, and around frames of ours and of the SDKs. */
const LENGTHS = [0, 1, FRAME, 5000, 65_537, 2 ** 20];
/** With the last frame alone, and with another: for the other variants of a kind, since a body is the same for any key. */
const FEW = [0, 5000];

const same = (actual, expected, what) => assert.ok(Buffer.from(actual).equals(expected), what);

/**
 * @param {import('./pair.mjs').Pair} pair
 * @param {(keyof typeof KINDS)[]} kinds that it has keyrings for
 * @param {{ without?: string[], compares?: boolean }} [options] without: titles of CONTEXTS that it cannot do, or not in time; compares:
 *   whether it compares a context when it opens, and knows required pairs
 */
export function crossings(pair, kinds, { without = [], compares = true } = {}) {
  const { name } = pair;
  const contexts = Object.entries(CONTEXTS).filter(([title]) => !without.includes(title));

  const seal = ({ keys }, length, options) => new Sealer({ keys, frameLength: FRAME }).seal(sample(length), options);
  const open = ({ opener }, message, encryptionContext = {}) => opener.open(message, { encryptionContext });
  const peerSeals = ({ sealing }, length, options) =>
    pair.peer.seal(sample(length), { keyrings: [sealing], frameLength: FRAME, ...options });
  const peerOpens = ({ opening }, message, encryptionContext) =>
    pair.peer.open(message, { keyrings: [opening], encryptionContext });

  for (const kind of kinds) {
    const { variants, make, unboundContext } = KINDS[kind];
    for (const variant of variants) {
      const [lengths, which] = variant === variants[0] ? [LENGTHS, ' of every length'] : [FEW, ''];
      test(`${name} and kmseal open each other's envelopes${which}, ${kind}, ${[variant].flat().join(', ')}`, async () => {
        const key = await make(pair.kms, variant);
        for (const length of lengths) {
          const context = { length: `${length}` };
          const ours = await seal(key, length, { encryptionContext: context });
          same((await peerOpens(key, ours, context)).plaintext, sample(length), `${length} bytes from kmseal`);
          const theirs = await peerSeals(key, length, { encryptionContext: context });
          same((await open(key, theirs, context)).plaintext, sample(length), `${length} bytes from ${name}`);
        }
      });
    }

    test(`${name} and kmseal agree on ${compares ? 'stored and required' : 'stored'} contexts, ${kind}`, async () => {
      const key = await make(pair.kms, variants[0]);
      for (const [title, pairs] of contexts) {
        const all = { ...pairs, stored: 'too' };
        const required = Object.keys(pairs);
        const withRequired = compares ? [[{ stored: 'too' }, pairs]] : [];
        for (const [encryptionContext, hidden] of [[pairs, {}], ...withRequired]) {
          const whole = { ...encryptionContext, ...hidden };
          const ours = await seal(key, 10, { encryptionContext, requiredEncryptionContext: hidden });
          const opened = await peerOpens(key, ours, whole);
          same(opened.plaintext, sample(10), title);
          for (const [each, value] of pairsOf(encryptionContext))
            assert.equal(opened.encryptionContext[each], value, title);
        }
        for (const names of compares ? [[], required] : [[]]) {
          const theirs = await peerSeals(key, 10, { encryptionContext: all, required: names });
          const opened = await open(key, theirs, all);
          same(opened.plaintext, sample(10), title);
          assert.deepEqual(pairsOf(opened.encryptionContext), pairsOf(all), title);
        }
      }
    });

    if (compares)
      test(`neither ${name} nor kmseal opens what the other sealed under another context, ${kind}`, async () => {
        const key = await make(pair.kms, variants[0]);
        const [stored, hidden] = [{ user: '4711' }, { tenant: '7' }];
        const ours = await seal(key, 10, { encryptionContext: stored, requiredEncryptionContext: hidden });
        const theirs = await peerSeals(key, 10, { encryptionContext: { ...stored, ...hidden }, required: ['tenant'] });
        const others = [
          [stored, unboundContext],
          [{ ...stored, tenant: '8' }, unboundContext],
          [{ user: '4712', ...hidden }, 'ERR_CONTEXT'],
          [{ ...stored, ...hidden, more: '1' }, unboundContext],
        ];
        for (const [other, code] of others) {
          await assert.rejects(peerOpens(key, ours, other), JSON.stringify(other));
          await assert.rejects(open(key, theirs, other), { code }, JSON.stringify(other));
        }
        for (const message of [ours, theirs]) {
          same((await peerOpens(key, message, { ...stored, ...hidden })).plaintext, sample(10));
          same((await open(key, message, { ...stored, ...hidden })).plaintext, sample(10));
        }
      });

    test(`${name} and kmseal open envelopes for several keys with each of them, ${kind}`, async () => {
      const keys = await Promise.all([variants[0], variants[0]].map((variant) => make(pair.kms, variant)));
      const ours = await seal({ keys: keys.flatMap((key) => key.keys) }, 10);
      const theirs = await pair.peer.seal(sample(10), { keyrings: keys.map(({ sealing }) => sealing) });
      for (const key of keys) {
        same((await peerOpens(key, ours)).plaintext, sample(10));
        same((await open(key, theirs)).plaintext, sample(10));
      }
    });
  }

  if (kinds.length > 1)
    test(`${name} and kmseal open envelopes for ${kinds.join(', ')} with each key of them`, async () => {
      const keys = await Promise.all(kinds.map((kind) => KINDS[kind].make(pair.kms, KINDS[kind].variants[0])));
      const ours = await seal({ keys: keys.flatMap((key) => key.keys) }, 5000);
      const theirs = await pair.peer.seal(sample(5000), { keyrings: keys.map(({ sealing }) => sealing) });
      for (const key of keys) {
        same((await peerOpens(key, ours)).plaintext, sample(5000));
        same((await open(key, theirs)).plaintext, sample(5000));
      }
    });
}
