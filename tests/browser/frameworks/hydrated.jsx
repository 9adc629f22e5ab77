// A form with an action, rendered on a server and hydrated.
import { useActionState, useState } from 'react';

export function Form({ context, how }) {
  const [sent, send] = useActionState(async (before, data) => {
    const { status } = await fetch('/upload', { method: 'POST', body: data });
    return `sent ${status}`;
  }, 'not sent');
  const [sealed, setSealed] = useState('');
  const bound =
    how === 'attribute' ? { 'encryption-context': JSON.stringify(context) } : { encryptionContext: context };
  return (
    <form action={send}>
      <kmseal-file name="doc" key-src="/kms-public-key.json" {...bound} onseal={() => setSealed('sealed')} />
      <output>
        {sent} {sealed}
      </output>
      <button>Send</button>
    </form>
  );
}
