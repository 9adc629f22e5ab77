// What the SDK of a language says to what it cannot open is what docs/other-sdks.md says that it says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, test } from 'node:test';
import { CreateAliasCommand } from '@aws-sdk/client-kms';
import { Sealer } from 'kmseal';
import { ROOT } from '../../tools/run.mjs';
import { knownAnswers } from '../support/known-answers.mjs';
import { KINDS } from './kinds.mjs';

const CONTEXT = { purpose: 'identity-paper', user: '4711' };
// For an envelope with a fixed message id: what stands behind it, and so what is said of it, depends on the id's bytes.
const TEXT = Buffer.from(knownAnswers()[0].envelope.toString('utf8'));
const aliasOf = (kind) => `alias/uploads-${kind.replace(' ', '-')}`;
const PAGE = readFileSync(path.join(ROOT, 'docs/other-sdks.md'), 'utf8');

/** The page's table of a kind: what is wrong, and by language the parts of what its SDK says, between which others stand. */
function tableOf(kind) {
  const [section] = PAGE.split(/^#{2,3} /m).filter((text) => text.startsWith(`Errors of ${kind} keys\n`));
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  const [[, ...languages], , ...rows] = lines.map((line) => line.replace(/^\| | \|$/g, '').split(' | '));
  return rows.map(([wrong, ...cells]) => {
    const said = cells.map((cell, index) =>
      cell === 'the same' ? cells.slice(0, index).findLast((one) => one !== cell) : cell,
    );
    const fragments = (cell) =>
      cell
        .replaceAll('`', '')
        .replace(', and ignores them', '')
        .split('…')
        .map((part) => part.trim());
    return {
      wrong,
      says: Object.fromEntries(languages.map((name, index) => [name.split(' ')[0], fragments(said[index])])),
    };
  });
}

/**
 * @param {import('./pair.mjs').Pair} pair
 * @param {keyof typeof KINDS} kind
 */
export function errors(pair, kind) {
  describe(`the errors of ${pair.name}, ${kind}`, () => {
    let key;
    let other;
    let envelope;
    before(async () => {
      const { make, variants } = KINDS[kind];
      [key, other] = await Promise.all([make(pair.kms, variants[0]), make(pair.kms, variants[0])]);
      const alias = { AliasName: aliasOf(kind), TargetKeyId: key.opening.keyId };
      if (alias.TargetKeyId) await pair.kms.client.send(new CreateAliasCommand(alias));
      const sealer = new Sealer({ keys: key.keys, frameLength: 4096 });
      envelope = Buffer.from(await sealer.seal(new Uint8Array(10_000), { encryptionContext: CONTEXT }));
    });

    const flipped = (at) =>
      envelope.map((byte, index) => (index === (at + envelope.length) % envelope.length ? byte ^ 1 : byte));
    const open = (bytes, encryptionContext = CONTEXT, opening = key.opening) =>
      pair.peer.open(bytes, { keyrings: [opening], encryptionContext });
    const openWith = (changes) => open(envelope, CONTEXT, { ...key.opening, ...changes });
    const sealed = (encryptionContext, requiredEncryptionContext) =>
      new Sealer({ keys: key.keys }).seal(Buffer.from('x'), { encryptionContext, requiredEncryptionContext });
    const sealedRequired = () => sealed({ user: '4711' }, { secret: 'right' });

    const CONTEXTS = {
      'no context was given': [() => open(envelope, {})],
      "a pair's value differs from the stored one": [() => open(envelope, { ...CONTEXT, user: '4712' })],
      'a pair too many, or a required one missing or wrong': [
        () => open(envelope, { ...CONTEXT, more: '1' }),
        async () => open(await sealedRequired(), { user: '4711' }),
        async () => open(await sealedRequired(), { user: '4711', secret: 'wrong' }),
      ],
    };
    const CONTENT = {
      'altered content': [() => open(flipped(-1000))],
      'cut off in the body': [() => open(envelope.subarray(0, -100))],
      'cut off in the header, or empty': [() => open(envelope.subarray(0, 200)), () => open(new Uint8Array())],
      'turned into text': [() => open(TEXT)],
      'bytes after the end': [() => open(Buffer.concat([envelope, Buffer.from('more')]))],
      'base64 that was not decoded': [() => open(Buffer.from(envelope.toString('base64')))],
    };
    const KEY_IDS = {
      'an alias or a bare key id as the key': [
        () => openWith({ keyId: aliasOf(kind) }),
        () => openWith({ keyId: key.opening.keyId.split('/')[1] }),
      ],
    };

    /** For each row the ways to meet it. */
    const CASES = {
      'KMS RSA': {
        ...CONTEXTS,
        'another OAEP hash, another key under the same ARN, an altered wrapped key': [
          () => openWith({ algorithm: 'RSAES_OAEP_SHA_1' }),
          () => open(flipped(300)),
        ],
        "the key's ARN is not among the envelope's": [() => openWith({ keyId: other.opening.keyId })],
        ...KEY_IDS,
        ...CONTENT,
        'an empty value in the context': [async () => open(await sealed({ user: '' }), { user: '' })],
        'sealing without the public key': [() => pair.peer.seal(Buffer.from('x'), { keyrings: [key.opening] })],
      },
      ECC: {
        ...CONTEXTS,
        // Its last bytes stand before the content type, the frame length, the commit key and the tag.
        'an altered wrapped key': [
          () => open(flipped(envelope.indexOf(Buffer.from('raw-ecdh')) + 8 + 2 + 75 + 2 + 100)),
        ],
        "the key's point is not among the envelope's": [() => openWith({ keyId: other.opening.keyId })],
        ...KEY_IDS,
        "a curve other than the key's": [() => openWith({ curve: 'ECC_NIST_P384' })],
        'a key of another usage': [async () => openWith({ keyId: (await pair.kms.createKey()).KeyId })],
        'sealing with what only opens': [() => pair.peer.seal(Buffer.from('x'), { keyrings: [key.opening] })],
      },
      'raw RSA': {
        'no context was given': CONTEXTS['no context was given'],
        "a pair's value differs from the stored one": CONTEXTS["a pair's value differs from the stored one"],
        'a pair too many': [() => open(envelope, { ...CONTEXT, more: '1' })],
        'a required pair missing or wrong': [
          async () => open(await sealedRequired(), { user: '4711' }),
          async () => open(await sealedRequired(), { user: '4711', secret: 'wrong' }),
        ],
        'another OAEP hash, another private key, an altered wrapped key': [
          () => openWith({ padding: 'OAEP_SHA1_MGF1' }),
          () => openWith({ privateKey: other.opening.privateKey }),
          () => open(flipped(300)),
        ],
        "the key's namespace and name are not among the envelope's": [() => openWith({ keyName: 'another' })],
        ...CONTENT,
        'sealing without the public key': [() => pair.peer.seal(Buffer.from('x'), { keyrings: [key.opening] })],
      },
    };

    const rows = tableOf(kind);
    test(`every row of the table for ${kind} keys in docs/other-sdks.md is tried in ${pair.name}`, () =>
      assert.deepEqual(rows.map(({ wrong }) => wrong).sort(), Object.keys(CASES[kind]).sort()));

    for (const { wrong, says } of rows) {
      test(`${pair.name} says what docs/other-sdks.md says of this, ${kind}: ${wrong}`, async () => {
        for (const way of CASES[kind][wrong]) {
          const said = await way().then(
            () => '**it opens**',
            ({ name, message }) => `${name}: ${message}`.replace(/\s+/g, ' '),
          );
          const lacking = says[pair.name].filter((fragment) => !said.includes(fragment));
          assert.deepEqual(lacking, [], said);
        }
      });
    }
  });
}
