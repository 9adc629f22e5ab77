// Sealing for ML-KEM keys: which keys are taken and how, by SubtleCrypto or by the crate, and with which randomness.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { KmsPublicKey, Opener, Sealer } from 'kmseal';
import { sample } from '../support/page/bytes.mjs';
import { printed } from '../../tools/kms.mjs';
import { startKms } from '../support/servers/kms.mjs';

const PLAINTEXT = sample(1000);
const SPECS = ['ML_KEM_768', 'ML_KEM_1024'];
const experimental = true;

let kms;
const answers = {};
const keys = {};
before(async () => {
  kms = await startKms();
  for (const spec of [...SPECS, 'ML_KEM_512', 'RSA_2048', 'ECC_NIST_P256'])
    answers[spec] = await kms.createKey({ spec });
  for (const [spec, answer] of Object.entries(answers))
    if (spec !== 'ML_KEM_512') keys[spec] = await KmsPublicKey.import(answer, { experimental });
});
after(() => kms?.close());

const seal = (spec, options) => new Sealer({ keys: keys[spec], ...options }).seal(PLAINTEXT);

async function opens(envelope, spec) {
  const { plaintext } = await (await kms.openerFor(answers[spec])).open(envelope);
  assert.ok(Buffer.from(PLAINTEXT).equals(plaintext));
}

describe('importing', () => {
  const refused = { code: 'ERR_KEY_UNSUPPORTED', message: /ML-KEM is experimental.*AWS.*; give experimental: true/ };

  for (const spec of SPECS) {
    test(`a key of ${spec} says its spec, and encrypts nothing by itself`, async () => {
      const key = keys[spec];
      const { keySpec, encryptionAlgorithm, maxPlaintextLength } = key;
      assert.deepEqual(
        { keySpec, encryptionAlgorithm, maxPlaintextLength },
        { keySpec: spec, encryptionAlgorithm: undefined, maxPlaintextLength: 0 },
      );
      assert.throws(() => key.encrypt(new Uint8Array(1)), { code: 'ERR_KEY_UNSUPPORTED' });
      const { PublicKey, KeyId: keyId } = answers[spec];
      const der = await KmsPublicKey.import(PublicKey, { keyId, keyUsage: 'ENCAPSULATE_DECAPSULATE', experimental });
      assert.equal(der.fingerprint, key.fingerprint);
    });

    test(`a key of ${spec} is refused without the option experimental, and with any value but true`, async () => {
      for (const options of [{}, { experimental: false }, { experimental: null }, { experimental: 'yes' }])
        await assert.rejects(KmsPublicKey.import(answers[spec], options), refused);
    });
  }

  test('a key is fetched with the option experimental, and refused without it', async () => {
    const server = createServer((_, response) => response.end(JSON.stringify(printed(answers.ML_KEM_768))));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${server.address().port}/key.json`;
      const { keyId, fingerprint } = keys.ML_KEM_768;
      await assert.rejects(KmsPublicKey.fetch(url, { keyId, fingerprint }), refused);
      const key = await KmsPublicKey.fetch(url, { keyId, fingerprint, experimental });
      assert.equal(key.keySpec, 'ML_KEM_768');
      await opens(await new Sealer({ keys: key }).seal(PLAINTEXT), 'ML_KEM_768');
    } finally {
      server.close();
    }
  });

  test('a key of ML_KEM_512 is refused with the key to create, also with the option', async () => {
    await assert.rejects(KmsPublicKey.import(answers.ML_KEM_512, { experimental }), {
      code: 'ERR_KEY_UNSUPPORTED',
      message: /ML_KEM_512.*create-key --key-spec ML_KEM_768 --key-usage ENCAPSULATE_DECAPSULATE$/,
    });
    const { PublicKey, KeyId: keyId } = answers.ML_KEM_512;
    await assert.rejects(KmsPublicKey.import(PublicKey, { keyId, experimental }), {
      code: 'ERR_KEY_UNSUPPORTED',
      message: /nor ML-KEM-768 or ML-KEM-1024/,
    });
  });
});

describe('recipients of several kinds', () => {
  test('an ML-KEM key beside a key of another kind needs mixed: true, and the error says why', async () => {
    for (const other of ['RSA_2048', 'ECC_NIST_P256']) {
      const both = [keys[other], keys.ML_KEM_768];
      for (const mixed of [undefined, false])
        assert.throws(() => new Sealer({ keys: both, mixed }), {
          code: 'ERR_KEY_UNSUPPORTED',
          message: /as weak as its weakest key: for an ML-KEM key.*mixed: true/,
        });
      const envelope = await new Sealer({ keys: both, mixed: true }).seal(PLAINTEXT);
      for (const spec of [other, 'ML_KEM_768']) await opens(envelope, spec);
    }
  });

  test('two ML-KEM keys are of one kind', async () => {
    const envelope = await new Sealer({ keys: SPECS.map((spec) => keys[spec]) }).seal(PLAINTEXT);
    for (const spec of SPECS) await opens(envelope, spec);
  });
});

describe('opening', () => {
  test('a key in keys needs decapsulate, and a wrong secret is ERR_AUTHENTICATION', async () => {
    const key = keys.ML_KEM_768;
    assert.throws(() => new Opener({ keys: [key], deriveSharedSecret: kms.deriveSharedSecret }), {
      name: 'TypeError',
      message: /^decapsulate must be a function that calls KMS Decapsulate/,
    });
    const decapsulate = async (input) => ({ ...(await kms.decapsulate(input)), SharedSecret: new Uint8Array(32) });
    const envelope = await seal('ML_KEM_768');
    await assert.rejects(new Opener({ keys: [key], decapsulate }).open(envelope), { code: 'ERR_AUTHENTICATION' });
  });
});

describe('without SubtleCrypto', () => {
  test("engine 'wasm' seals for an ML-KEM key", async () => {
    await opens(await seal('ML_KEM_1024', { engine: 'wasm' }), 'ML_KEM_1024');
  });
});

describe("SubtleCrypto's ML-KEM", () => {
  const names = ['importKey', 'generateKey', 'encapsulateBits', 'decapsulateBits'];
  afterEach(() => {
    for (const name of names) delete crypto.subtle[name];
  });

  /** Replaces SubtleCrypto's functions, as a polyfill does. */
  function pretend(functions) {
    for (const [name, value] of Object.entries({
      importKey: async () => ({}),
      generateKey: async () => ({ publicKey: {}, privateKey: {} }),
      ...functions,
    })) {
      const own = crypto.subtle[name]?.bind(crypto.subtle);
      const called = (...args) => (/ML-KEM/.test(args[2] ?? args[0]) || !own ? value(...args) : own(...args));
      Object.defineProperty(crypto.subtle, name, { value: called, configurable: true });
    }
  }

  const bytes = (length, fill = Math.random() * 256) => new Uint8Array(length).fill(fill).buffer;
  for (const [what, functions] of Object.entries({
    'that throws': {
      encapsulateBits: async () => {
        throw new DOMException('no', 'NotSupportedError');
      },
    },
    'that is not a function': { encapsulateBits: 7, decapsulateBits: 7 },
    'that answers nothing': { encapsulateBits: async () => {}, decapsulateBits: async () => {} },
    'that answers zeros': {
      encapsulateBits: async () => ({ ciphertext: bytes(1088, 0), sharedKey: bytes(32, 0) }),
      decapsulateBits: async () => bytes(32, 0),
    },
    'with a secret that is too short': {
      encapsulateBits: async () => ({ ciphertext: bytes(1088), sharedKey: bytes(16) }),
      decapsulateBits: async () => bytes(16),
    },
    'that agrees with itself and not with the known answer': {
      encapsulateBits: async () => {
        const secret = crypto.getRandomValues(new Uint8Array(32));
        const ciphertext = new Uint8Array(1088);
        ciphertext.set(secret);
        return { ciphertext: ciphertext.buffer, sharedKey: secret.buffer };
      },
      decapsulateBits: async (_, __, ciphertext) => ciphertext.slice(0, 32).buffer,
    },
  })) {
    test(`a SubtleCrypto ${what} is passed over, and the crate encapsulates`, async () => {
      pretend(functions);
      await opens(await seal('ML_KEM_768'), 'ML_KEM_768');
    });
  }
});

describe('randomness', () => {
  const { getRandomValues } = crypto;
  afterEach(() => {
    crypto.getRandomValues = getRandomValues;
  });

  /** Counts the draws of a sealing; the one of this number, from 0, is another one's. */
  function replace(number, draw) {
    let drawn = 0;
    crypto.getRandomValues = (bytes) =>
      (drawn++ === number ? draw : (given) => getRandomValues.call(crypto, given))(bytes);
    return () => drawn;
  }

  test('no draw of a sealing can fail or fill nothing unnoticed, also not that of the encapsulation', async () => {
    const drawn = replace(-1);
    await seal('ML_KEM_768');
    const count = drawn();
    // A data key, the salt and an encapsulation, each drawn twice, and a message id.
    assert.ok(count >= 8, `${count} draws`);
    const lost = () => {
      throw new Error('no entropy');
    };
    for (let number = 0; number < count; number++) {
      replace(number, lost);
      await assert.rejects(seal('ML_KEM_768'), { code: 'ERR_INTERNAL', message: /random/ });
      replace(number, (bytes) => bytes.fill(0));
      await assert.rejects(seal('ML_KEM_768'), { code: 'ERR_PLATFORM', message: /getRandomValues/ });
    }
  });
});
