// Seals a little and sends it: what all consumers do, and how they tell the test what went wrong.
import { KmsPublicKey, Sealer } from 'kmseal';

export const tell = (error) => fetch('/failed', { method: 'POST', body: String(error?.stack ?? error) });
addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => tell(`${effectiveDirective} blocks ${blockedURI}`));

export const send = (envelope) => fetch('/sealed', { method: 'POST', body: envelope });

export async function sealAndSend(from) {
  try {
    const response = await fetch('/kms-public-key.json');
    const keys = await KmsPublicKey.import(await response.json());
    const sealed = await new Sealer({ keys }).seal(new Blob([`sealed in the ${from}`]), { encryptionContext: { from } });
    await send(sealed);
  } catch (error) {
    await tell(error);
  }
}
