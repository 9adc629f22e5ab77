// How the blocks of docs/own-keys.md run. Where a block speaks to an HSM or another cloud, a key of node:crypto answers in its place.
import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { KmsPublicKey, Opener, RsaPublicKey, Sealer } from 'kmseal';
import { createKey, printed } from '../../../tools/kms.mjs';
import { fill } from '../blocks.mjs';
import { CONTEXT, PAPER, lines } from '../stage.mjs';

const IMPORTS = "import { KmsPublicKey, Opener, Sealer } from 'kmseal';";

const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
const decrypted = (ciphertext, oaepHash = 'sha256') =>
  privateDecrypt({ key: pair.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext);

const sealed = (...keys) => new Sealer({ keys }).seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });

async function assertOpens(opener, envelope) {
  const { plaintext } = await opener.open(envelope, { encryptionContext: CONTEXT });
  assert.equal(Buffer.from(plaintext).toString(), PAPER);
}

/** A block that makes an opener for a raw key. */
async function opensRaw({ inNode }, name, code, given, names) {
  const { opener } = await inNode(name, code, { given, returns: ['opener'], imports: IMPORTS });
  await assertOpens(opener, await sealed(await RsaPublicKey.import(pem, names)));
}

const answerOf = ({ host }) => createKey(host.kms.client, { spec: 'ECC_NIST_P384' });

export default {
  'ECC keys of KMS': {
    async sh({ run }, code) {
      assert.equal(JSON.parse(await run(code)).KeyMetadata.KeySpec, 'ECC_NIST_P384');
    },
    async js(stage, ...codes) {
      assert.equal(codes.length, 2);
      const answer = await answerOf(stage);
      const given = { kms: stage.host.kms.client, getPublicKeyAnswer: answer, keyArn: answer.KeyId };
      const envelope = await sealed(await KmsPublicKey.import(answer));
      for (const [index, code] of codes.entries()) {
        const { opener } = await stage.inNode(`ecc-${index}`, code, { given, returns: ['opener'] });
        await assertOpens(opener, envelope);
      }
    },
  },
  'One call for many files': {
    async js(stage, code) {
      const eccKey = await KmsPublicKey.import(await answerOf(stage));
      let calls = 0;
      const deriveSharedSecret = (...args) => {
        calls++;
        return stage.host.kms.deriveSharedSecret(...args);
      };
      const given = { eccKey, deriveSharedSecret };
      const { sealer, opener } = await stage.inNode('kept', code, {
        given,
        returns: ['sealer', 'opener'],
        imports: IMPORTS,
      });
      for (let file = 0; file < 3; file++) {
        const envelope = await sealer.seal(Buffer.from(PAPER), { encryptionContext: { ...CONTEXT, file: `${file}` } });
        await opener.open(envelope, { encryptionContext: { ...CONTEXT, file: `${file}` } });
      }
      assert.equal(calls, 1);
      opener.close();
      sealer.close();
    },
  },
  'ML-KEM keys of KMS': {
    async sh({ run }, code) {
      assert.equal(JSON.parse(await run(code)).KeyMetadata.KeySpec, 'ML_KEM_768');
    },
    async js(stage, ...codes) {
      assert.equal(codes.length, 2);
      const answer = await createKey(stage.host.kms.client, { spec: 'ML_KEM_768' });
      const given = { kms: stage.host.kms.client, getPublicKeyAnswer: answer, keyArn: answer.KeyId };
      const { sealer } = await stage.inNode('ml-kem-sealer', codes[0], { given, returns: ['sealer'] });
      const { opener } = await stage.inNode('ml-kem-opener', codes[1], { given, returns: ['opener'] });
      await assertOpens(opener, await sealer.seal(Buffer.from(PAPER), { encryptionContext: CONTEXT }));
    },
  },
  'Together with keys of other kinds': {
    async js(stage, code) {
      const answers = [await answerOf(stage), await createKey(stage.host.kms.client, { spec: 'ML_KEM_1024' })];
      const [eccKey, mlKemKey] = await Promise.all(
        answers.map((answer) => KmsPublicKey.import(answer, { experimental: true })),
      );
      const given = { eccKey, mlKemKey };
      const { sealer } = await stage.inNode('mixed', code, { given, returns: ['sealer'], imports: IMPORTS });
      const envelope = await sealer.seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      const { deriveSharedSecret, decapsulate } = stage.host.kms;
      for (const key of [eccKey, mlKemKey])
        await assertOpens(new Opener({ keys: [key], deriveSharedSecret, decapsulate }), envelope);
    },
  },
  'An RSA key of your own': {
    async js({ inNode }, ...codes) {
      assert.equal(codes.length, 2);
      const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
      const { sealer } = await inNode('raw-sealer', codes[0], { given: { pem }, returns: ['sealer'] });
      const { opener } = await inNode('raw-opener', codes[1], { given: { pkcs8 }, returns: ['opener'] });
      await assertOpens(opener, await sealer.seal(Buffer.from(PAPER), { encryptionContext: CONTEXT }));
    },
  },
  'HSM, by PKCS#11': {
    async js(stage, code) {
      const pkcs11js = { CK_PARAMS_RSA_OAEP: 2, CKM_SHA256: 0x250, CKG_MGF1_SHA256: 2, CKM_RSA_PKCS_OAEP: 9 };
      const keyHandle = Buffer.from('key');
      let begun;
      const hsm = {
        C_DecryptInit: (session, mechanism, handle) => {
          begun = { session, mechanism, handle };
        },
        C_Decrypt: (session, input, output) => {
          const parameter = { type: 2, hashAlg: 0x250, mgf: 2, source: 1 };
          assert.deepEqual(begun, { session, mechanism: { mechanism: 9, parameter }, handle: keyHandle });
          const bytes = decrypted(input);
          bytes.copy(output);
          return output.subarray(0, bytes.length);
        },
      };
      const given = { pkcs11js, hsm, session: Buffer.from('session'), keyHandle };
      await opensRaw(stage, 'pkcs11', code, given, { keyNamespace: 'example-hsm', keyName: 'uploads-2026' });
    },
  },
  'Google Cloud KMS': {
    async js(stage, code) {
      const keyVersionName = 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1';
      const google = {
        asymmetricDecrypt: async ({ name, ciphertext }) => {
          assert.equal(name, keyVersionName);
          return [{ plaintext: decrypted(ciphertext) }];
        },
      };
      const names = { keyNamespace: 'google-cloud-kms', keyName: keyVersionName };
      await opensRaw(stage, 'google', code, { google, keyVersionName }, names);
      // As getPublicKey of @google-cloud/kms returns it.
      const answer = {
        name: keyVersionName,
        pem,
        algorithm: 'RSA_DECRYPT_OAEP_3072_SHA256',
        pemCrc32c: { value: '1' },
      };
      assert.equal((await RsaPublicKey.import(answer, names)).hash, 'SHA-256');
      const sha512 = { ...answer, algorithm: 'RSA_DECRYPT_OAEP_4096_SHA512' };
      assert.equal((await RsaPublicKey.import(sha512, names)).hash, 'SHA-512');
      const signs = { ...answer, algorithm: 'RSA_SIGN_PSS_3072_SHA256' };
      await assert.rejects(RsaPublicKey.import(signs, names), { code: 'ERR_KEY_UNSUPPORTED' });
    },
  },
  'Azure Key Vault': {
    async js(stage, code) {
      const azure = {
        unwrapKey: async (algorithm, ciphertext) => {
          assert.equal(algorithm, 'RSA-OAEP-256');
          return { result: decrypted(ciphertext) };
        },
      };
      await opensRaw(stage, 'azure', code, { azure }, { keyNamespace: 'azure-key-vault', keyName: 'uploads-2026' });
    },
  },
  'Break glass': {
    async 'sh, js'(stage, make, code, open) {
      const { place, host, run } = stage;
      // A key of 4,096 bits takes openssl several times as long.
      await run(fill(make, { 'rsa_keygen_bits:4096': 'rsa_keygen_bits:2048' }));
      const offlinePublicKey = JSON.parse(readFileSync(place('offline.json'), 'utf8'));
      const hash = createHash('sha256').update(Buffer.from(offlinePublicKey.PublicKey, 'base64')).digest('base64');
      const given = {
        kmsPublicKey: host.key,
        kmsFingerprint: stage.key.fingerprint,
        offlinePublicKey,
        offlineFingerprint: `SHA256:${hash}`,
      };
      const { sealer } = await stage.inNode('break-glass', code, { given, returns: ['sealer'] });
      const envelope = await sealer.seal(Buffer.from(PAPER), { encryptionContext: CONTEXT });
      await assertOpens(stage.opener, envelope);

      writeFileSync(place('new.json'), JSON.stringify(printed(await createKey(host.kms.client))));
      writeFileSync(place('paper.pdf.kmseal'), envelope);
      const [test, reseal, ...rest] = lines(open);
      assert.deepEqual(rest, []);
      const opens = async (...settings) => {
        rmSync(place('paper.pdf'));
        await run(test, ...settings);
        assert.equal(readFileSync(place('paper.pdf'), 'utf8'), PAPER);
      };
      // Neither an address nor credentials
      await opens({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
      await run(reseal);
      await opens();
      assert.notDeepEqual(readFileSync(place('paper.pdf.kmseal')), Buffer.from(envelope));
      rmSync(place('paper.pdf.kmseal'));
    },
  },
};
