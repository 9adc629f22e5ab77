// Everything is new at each rendering, and each seal sets a state, which renders again.
import { KmsPublicKey, Sealer } from 'kmseal';
import 'kmseal/define';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const keys = await KmsPublicKey.import(await (await fetch('/kms-public-key.json')).text());

function Form() {
  const [count, setCount] = useState(0);
  return (
    <form>
      <kmseal-file
        name="doc"
        sealer={new Sealer({ keys, cache: { maxAge: 60_000 } })}
        encryptionContext={{ user: '4711' }}
        onseal={() => setCount((before) => before + 1)}
      />
      <output>{count}</output>
    </form>
  );
}

createRoot(document.querySelector('#app')).render(<Form />);
