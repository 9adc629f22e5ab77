const KEY_ID = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** Milliseconds from a fresh page to a sealed KiB, with the key at hand. */
export async function startUp() {
  const pem = await (await fetch('/keys/rsa-4096.pem')).text();
  const start = performance.now();
  const { KmsPublicKey, Sealer } = await import('/dist/index.js');
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(pem, { keyId: KEY_ID })] });
  await sealer.seal(new Uint8Array(1024));
  return performance.now() - start;
}
