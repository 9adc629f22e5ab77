import { KmsPublicKey, Sealer } from '/dist/index.js';
import { KEY_ID, KIB, compete, expectLength, randomBytes, sealerAndOpener } from './tools.js';

const CURVES = { ECC_NIST_P256: 'P-256', ECC_NIST_P384: 'P-384', ECC_NIST_P521: 'P-521' };

async function sealerOn(namedCurve) {
  const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve }, true, ['deriveBits']);
  const source = await crypto.subtle.exportKey('spki', publicKey);
  const key = await KmsPublicKey.import(source, { keyId: KEY_ID, keyUsage: 'KEY_AGREEMENT' });
  return new Sealer({ keys: [key] });
}

/** Seconds of sealing 1 KiB the given number of times, each with a data key of its own, by KeySpec. */
export async function smallByKind(rounds, times) {
  const bytes = randomBytes(KIB);
  const contestants = {};
  const add = (spec, sealer) => {
    contestants[spec] = async () => {
      for (let time = 0; time < times; time++) expectLength((await sealer.seal(bytes)).length, sealer.sealedSize(KIB));
    };
  };
  add('RSA_4096', (await sealerAndOpener()).sealer);
  for (const [spec, curve] of Object.entries(CURVES)) add(spec, await sealerOn(curve));
  return compete(rounds, contestants);
}
