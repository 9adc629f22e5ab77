// Seals a little and sends it: what all consumers do, and how they tell the test what went wrong.
import { KmsPublicKey, Sealer } from 'kmseal';

export const tell = (error) => fetch('/failed', { method: 'POST', body: String(error?.stack ?? error) });
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => tell(`${effectiveDirective} blocks ${blockedURI}`));

/** 3 MB that begin with words, so that a frame or two go through SubtleCrypto. */
export const content = (from) => [`sealed in the ${from}`, new Uint8Array(3_000_000)];

export const send = (envelope) => fetch('/sealed', { method: 'POST', body: envelope });

export async function sealAndSend(from) {
  try {
    const response = await fetch('/kms-public-key.json');
    const keys = await KmsPublicKey.import(await response.json());
    const sealed = await new Sealer({ keys }).seal(new Blob(content(from)), { encryptionContext: { from } });
    await send(sealed);
  } catch (error) {
    await tell(error);
  }
}
