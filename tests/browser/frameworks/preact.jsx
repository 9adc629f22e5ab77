/** @jsxImportSource preact */
import { render } from 'preact';
import { useState } from 'preact/hooks';
import 'kmseal/define';

function Form({ user, required }) {
  const [sealed, setSealed] = useState([]);
  const [failed, setFailed] = useState('');
  return (
    <form id="form">
      <label for="doc">Identity paper</label>
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

globalThis.render = (props) => render(props && <Form {...props} />, document.querySelector('#app'));
