// A page that goes from one person's record to the next in place, as a router does: with a form of its own for each, or with one for all.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'kmseal/define';

function Record({ keyed }) {
  const [user, setUser] = useState('4711');
  globalThis.go = setUser;
  return (
    <>
      <h1>{user}</h1>
      <form key={keyed ? user : undefined}>
        <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context={JSON.stringify({ user })} />
      </form>
    </>
  );
}

const root = createRoot(document.querySelector('#app'));
globalThis.render = (props) => root.render(<Record {...props} />);
