'use client';

import 'kmseal/define';
import { useActionState, useState } from 'react';
import { upload } from './actions.js';

export function Form({ context, how }) {
  const [opened, send] = useActionState(upload, 'nothing sent');
  const [renderings, setRenderings] = useState(0);
  const bound =
    how === 'attribute' ? { 'encryption-context': JSON.stringify(context) } : { encryptionContext: context };
  return (
    <form action={send}>
      <kmseal-file
        name="doc"
        key-src="/kms-public-key.json"
        {...bound}
        onseal={() => setRenderings((before) => before + 1)}
      />
      <output>{opened}</output>
      <button>Send</button>
      <button type="button" id="render" onClick={() => setRenderings((before) => before + 1)}>
        {renderings}
      </button>
    </form>
  );
}
