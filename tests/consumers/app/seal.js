// Seals a little and sends it, as all consumers do, and reports failures to the test.
import { KmsPublicKey, Sealer } from 'kmseal';

// A page of another server, or of none, gets the address of the test's host. Servers that render it have no location.
let host = new URLSearchParams(globalThis.location?.search).get('host') ?? '';
export const sendTo = (origin) => {
  host = origin;
};
const at = (route) => host + route;

export const tell = (error) => fetch(at('/failed'), { method: 'POST', body: String(error?.stack ?? error) });
globalThis.addEventListener?.('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
  if (effectiveDirective !== 'img-src') tell(`${effectiveDirective} blocks ${blockedURI}`); // the pages' icon, which is empty
});

/** 3 MB that begin with words, so that one or two frames go through SubtleCrypto. */
export const content = (from) => [`sealed in the ${from}`, new Uint8Array(3_000_000)];

export const send = (envelope) => fetch(at('/sealed'), { method: 'POST', body: envelope });

export async function sealAndSend(from) {
  try {
    const response = await fetch(at('/kms-public-key.json'));
    const keys = await KmsPublicKey.import(await response.json(), { experimental: true });
    const sealed = await new Sealer({ keys }).seal(new Blob(content(from)), { encryptionContext: { from } });
    await send(sealed);
  } catch (error) {
    await tell(error);
  }
}
