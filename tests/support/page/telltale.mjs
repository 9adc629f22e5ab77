// A page in which files are sealed and opened, by the form element and without it, well and badly; and what it reveals of them. Runs
// in pages.
import { inPieces, readAll } from './bytes.mjs';
import { watchMemory } from './memory.mjs';
import { PLAIN } from './plaintext.mjs';
import { contentKeyOf } from './secrets.mjs';
import { tells, watchWords, wordsOfPage } from './words.mjs';

const NAME = 'my-diagnosis-of-yesterday.pdf';
const PAIR = 'a value that few people know';
const utf8 = (text) => new TextEncoder().encode(text);
const CONTENT = utf8(PLAIN.repeat(20_000)); // several frames
const STORED = { user: '4711' };
const REQUIRED = { answer: PAIR };
const CONTEXT = { ...STORED, ...REQUIRED };

/** Puts a secret in each place in turn; returns the names of those where it was not found. */
export async function plant() {
  const said = watchWords();
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const host = document.body.appendChild(document.createElement('div'));
  const inner = host.attachShadow({ mode: 'open' }).appendChild(document.createElement('span'));
  const template = document.body.appendChild(document.createElement('template'));
  const here = location.href;
  const places = {
    attribute: (text) => host.setAttribute('title', text),
    'attribute in a shadow tree': (text) => inner.setAttribute('title', text),
    text: (text) => host.append(text),
    'text in a shadow tree': (text) => inner.append(text),
    comment: (text) => host.append(document.createComment(text)),
    template: (text) => template.content.append(text),
    address: (text) => history.replaceState(null, '', `#${encodeURIComponent(text)}`),
    'address of a request': async (text) => (await fetch(`/pages/blank.html?${encodeURIComponent(text)}`)).text(),
    history: (text) => history.replaceState({ text }, ''),
    storage: (text) => localStorage.setItem('planted', text),
    console: (text) => console.log('key', text),
    'an object in the console': (text) => console.info({ deep: { text } }),
    'bytes in the console': () => console.debug(secret),
    error: (text) => said.note(new Error(`no ${text}`)),
    stack: (text) => said.note(Object.assign(new Error(), { stack: text })),
    cause: (text) => said.note(new Error('no', { cause: new TypeError(text) })),
    'property of an error': () => said.note(Object.assign(new Error('no'), { key: secret.slice() })),
    'an error that nobody caught': (text) => dispatchEvent(new ErrorEvent('error', { message: text })),
    'a rejection that nobody caught': (text) =>
      dispatchEvent(
        new PromiseRejectionEvent('unhandledrejection', { promise: Promise.resolve(), reason: new Error(text) }),
      ),
  };
  const forms = {
    hex: secret.toHex(),
    base64: secret.toBase64(),
    'base64 of more': Uint8Array.of(1, ...secret).toBase64(),
    base64url: secret.toBase64({ alphabet: 'base64url' }),
    numbers: String(secret),
  };
  const missed = [];
  for (const [place, put] of Object.entries(places)) {
    for (const [form, text] of Object.entries(forms)) {
      said.length = 0;
      await put(text);
      const { shown, elsewhere } = wordsOfPage();
      if (!tells([...said, ...shown, ...elsewhere], secret)) missed.push(`${form} in: ${place}`);
      host.removeAttribute('title');
      inner.removeAttribute('title');
      for (const node of [host, inner, template.content]) node.replaceChildren();
      // Not more often than it must be: WebKit allows a hundred in half a minute.
      if (location.href !== here || history.state) history.replaceState(null, '', here);
      localStorage.clear();
      performance.clearResourceTimings();
    }
  }
  said.length = 0;
  const { shown, elsewhere } = wordsOfPage();
  if (tells([...said, ...shown, ...elsewhere], secret)) missed.push('it stayed where it was planted');
  host.remove();
  template.remove();
  return { missed, tried: Object.keys(places).length * Object.keys(forms).length };
}

/** Runs all steps; returns how each ended, and which secrets were revealed where. */
export async function watchTelling(answer) {
  const said = watchWords();
  const watch = watchMemory();
  const { KmsPublicKey, Opener, Sealer } = await import('/dist/index.js');
  const { decrypt } = await import('/support/kit.mjs');
  await import('/dist/define.js');
  const key = await KmsPublicKey.import(answer);
  const secrets = { content: utf8(PLAIN), 'required pair': utf8(PAIR) };
  const page = { shown: [], elsewhere: [] };
  const outcomes = {};
  let handedOver = 0;

  /** Does something, looks at the page, and learns what was secret about it. */
  async function step(name, work) {
    watch.draws.length = 0;
    watch.imports.length = 0;
    let value;
    try {
      value = await work();
      outcomes[name] = 'done';
    } catch (error) {
      said.note(error);
      outcomes[name] = error.code ?? error.name;
    }
    look();
    const [dataKey, ...others] = watch.draws.map(({ bytes }) => bytes);
    const contentKeys = new Set();
    for (const [index, other] of others.entries()) {
      // Which of them is the message id and which a seed does not matter.
      const contentKey = await contentKeyOf(dataKey, other);
      contentKeys.add(contentKey.join());
      Object.assign(secrets, { [`${name}: drawn ${index}`]: other, [`${name}: content key ${index}`]: contentKey });
    }
    if (dataKey) secrets[`${name}: data key`] = dataKey;
    handedOver += watch.imports.filter(({ bytes }) => contentKeys.has(bytes.join())).length;
    return value;
  }

  function look() {
    const { shown, elsewhere } = wordsOfPage();
    page.shown.push(...shown);
    page.elsewhere.push(...elsewhere);
  }

  const form = document.body.appendChild(document.createElement('form'));
  const element = form.appendChild(document.createElement('kmseal-file'));
  Object.assign(element, {
    name: 'doc',
    metaName: 'doc-meta',
    keySrc: '/kms-public-key.json',
    encryptionContext: STORED,
  });
  for (const type of ['beforeseal', 'seal', 'sealerror']) element.addEventListener(type, look);
  const choose = () =>
    new Promise((resolve, reject) => {
      element.addEventListener('seal', ({ detail }) => resolve(detail.sealed), { once: true });
      element.addEventListener('sealerror', ({ detail }) => reject(detail.error), { once: true });
      const chosen = new DataTransfer();
      chosen.items.add(new File([CONTENT], NAME, { type: 'application/pdf' }));
      const input = element.shadowRoot.querySelector('input');
      input.files = chosen.files;
      input.dispatchEvent(new Event('change'));
    });

  await step('the element seals', choose);
  const [doc, meta] = ['doc', 'doc-meta'].map((name) => new FormData(form).get(name));
  page.elsewhere.push(doc.name, meta.name, doc.type, meta.type);
  await step('opening what the element sealed', async () => {
    const opener = new Opener({ keyIds: [key.keyId], decrypt });
    const [content, description] = await Promise.all(
      [doc, meta].map((sealed) => opener.open(sealed, { encryptionContext: STORED })),
    );
    if ((await content.plaintext.text()) !== PLAIN.repeat(20_000)) throw new Error('other content');
    if (JSON.parse(await description.plaintext.text()).name !== NAME) throw new Error('another name');
  });
  await step('the element: a file that cannot be read', () => {
    const { arrayBuffer, stream } = Blob.prototype;
    const gone = () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    Object.assign(Blob.prototype, { arrayBuffer: async () => gone(), stream: gone });
    return choose().finally(() => Object.assign(Blob.prototype, { arrayBuffer, stream }));
  });
  await step('the element: another key', () => {
    element.fingerprint = `SHA256:${btoa('x'.repeat(32))}`;
    return choose();
  });

  for (const engine of ['webcrypto', 'wasm']) {
    const named = (name, work) => step(`${name}, ${engine}`, work);
    const sealer = new Sealer({ keys: [key], engine, encryptionContext: STORED, requiredEncryptionContext: REQUIRED });
    const open = (bytes, { encryptionContext = CONTEXT, ...options } = {}) =>
      new Opener({ keyIds: [key.keyId], decrypt, engine, ...options }).open(bytes, { encryptionContext });
    const envelope = await named('sealing', () => sealer.seal(CONTENT));
    await named('opening', () => open(envelope));
    const altered = envelope.slice();
    altered[altered.length - 1] ^= 1;
    await named('opening: altered', () => open(altered));
    await named('opening: cut', () => open(envelope.subarray(0, -20)));
    await named('opening: another stored pair', () =>
      open(envelope, { encryptionContext: { ...CONTEXT, user: PAIR } }),
    );
    await named('opening: another required pair', () =>
      open(envelope, { encryptionContext: { ...CONTEXT, answer: `${PAIR} not` } }),
    );
    await named('opening: KMS denies', () =>
      open(envelope, {
        decrypt: async () => {
          throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
        },
      }),
    );
    await named('opening: another data key', () =>
      open(envelope, {
        async decrypt(input, options) {
          const answer = await decrypt(input, options);
          return { ...answer, Plaintext: answer.Plaintext.with(79, answer.Plaintext[79] ^ 1) };
        },
      }),
    );
    await named('sealing: the source fails', async () => {
      let pulls = 0;
      const pull = (controller) =>
        pulls++ < 3 ? controller.enqueue(CONTENT.slice(0, 300_000)) : controller.error(new Error('lost'));
      await readAll(await sealer.seal(new ReadableStream({ pull })));
    });
    await named('sealing: longer than announced', async () =>
      readAll(await sealer.seal(inPieces(CONTENT, 5000), { size: 20_000 })),
    );
    await named('sealing: two values for a pair', () =>
      sealer.seal(CONTENT, { requiredEncryptionContext: { answer: 'b' } }),
    );
    await named('sealing: too long a pair', () =>
      sealer.seal(CONTENT, { encryptionContext: { long: PAIR.repeat(3000) } }),
    );
  }
  await step('encrypting too much', () => key.encrypt(CONTENT));

  const told = Object.keys(secrets).filter((name) => tells([...said, ...page.shown, ...page.elsewhere], secrets[name]));
  const name = utf8(NAME);
  const names = { shown: tells(page.shown, name), elsewhere: tells([...said, ...page.elsewhere], name) };
  return { outcomes, told, names, handedOver, secrets: Object.keys(secrets).length };
}
