'use client';

import { KmsPublicKey, Sealer } from 'kmseal';
import { useEffect, useState } from 'react';

async function sealAndSend() {
  const response = await fetch('/kms-public-key.json');
  const sealer = new Sealer({ keys: [await KmsPublicKey.import(await response.json())] });
  const body = await sealer.seal(new Blob(['sealed in the page']), { encryptionContext: { from: 'page' } });
  return (await fetch('/opened', { method: 'POST', body })).text();
}

export default function Page() {
  const [state, setState] = useState('not yet sealed');
  useEffect(() => {
    sealAndSend().then(setState, (error) => setState(`failed: ${error}`));
  }, []);
  return <output>{state}</output>;
}
