import { Show, createSignal } from 'solid-js';
import { render } from 'solid-js/web';
import 'kmseal/define';

const [props, setProps] = createSignal(null);

function Form() {
  const [sealed, setSealed] = createSignal([]);
  const [failed, setFailed] = createSignal('');
  return (
    <form id="form">
      <label for="doc">Identity paper</label>
      <kmseal-file
        id="doc"
        name="doc"
        multiple
        required={props()?.required}
        accept=".pdf"
        key-src="/kms-public-key.json"
        meta-name="doc-meta"
        encryptionContext={{ user: props()?.user }}
        on:seal={({ detail }) => setSealed((before) => [...before, detail.sealed.name])}
        on:sealerror={({ detail }) => setFailed(detail.error.code)}
      />
      <output>
        {sealed().join(' ')}
        {failed()}
      </output>
    </form>
  );
}

render(
  () => (
    <Show when={props()}>
      <Form />
    </Show>
  ),
  document.querySelector('#app'),
);
globalThis.render = (next) => void setProps(next);
