import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'kmseal/define';

function Form({ user, required }) {
  const [sealed, setSealed] = useState([]);
  const [failed, setFailed] = useState('');
  return (
    <form id="form">
      <label htmlFor="doc">Identity paper</label>
      <kmseal-file
        id="doc"
        name="doc"
        multiple
        required={required}
        accept=".pdf"
        key-src="/kms-public-key.json"
        meta-name="doc-meta"
        encryptionContext={{ user }}
        onseal={({ detail }) => setSealed((before) => [...before, detail.sealed.name])}
        onsealerror={({ detail }) => setFailed(detail.error.code)}
      />
      <output>
        {sealed.join(' ')}
        {failed}
      </output>
    </form>
  );
}

const root = createRoot(document.querySelector('#app'));
globalThis.render = (props) => root.render(props && <Form {...props} />);
