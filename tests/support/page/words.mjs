// All that is said aloud: errors as a log would show them, lines of the console, a page's whole tree, its addresses and what it keeps;
// and whether any of it reveals a secret. Runs in Node and in pages.

/** A thing as text; of errors all that they hold, with their causes. */
function wordsOf(thing, seen = new Set()) {
  if (typeof thing !== 'object' || thing === null) return [String(thing)];
  if (seen.has(thing)) return [];
  seen.add(thing);
  const own = Object.getOwnPropertyNames(thing).map((name) => thing[name]);
  const bytes = ArrayBuffer.isView(thing) ? [String(thing)] : own.flatMap((part) => wordsOf(part, seen));
  return thing instanceof Error ? [String(thing), thing.stack ?? '', ...bytes] : bytes;
}

/** Everything that was said from now on: lines of the console, errors that nobody caught, and what note() is given. */
export function watchWords() {
  const said = [];
  const note = (...things) => said.push(...things.flatMap((thing) => wordsOf(thing)));
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn']) {
    const original = console[method];
    console[method] = (...args) => {
      note(...args);
      original.apply(console, args);
    };
  }
  if (globalThis.document) {
    addEventListener('error', ({ message, error }) => note(message, error));
    addEventListener('unhandledrejection', ({ reason }) => note(reason));
    addEventListener('securitypolicyviolation', ({ sample, blockedURI }) => note(sample, blockedURI));
  }
  said.note = note;
  return said;
}

/** What a page holds: text within shadow roots, which is shown, and everything else. */
export function wordsOfPage() {
  const addresses = [location.href, ...performance.getEntriesByType('resource').map(({ name }) => name)];
  const words = {
    shown: [],
    elsewhere: [...addresses.map(decodeURIComponent), document.cookie, JSON.stringify(history.state)],
  };
  function visit(node, shadow) {
    if (node.nodeType === Node.TEXT_NODE && shadow) words.shown.push(node.data);
    else if (node.nodeValue !== null) words.elsewhere.push(node.nodeValue);
    for (const { name, value } of node.attributes ?? []) words.elsewhere.push(name, value);
    for (const child of node.childNodes) visit(child, shadow);
    if (node.content instanceof DocumentFragment) visit(node.content, shadow);
    if (node.shadowRoot) visit(node.shadowRoot, true);
  }
  visit(document, false);
  for (const storage of [localStorage, sessionStorage]) words.elsewhere.push(...Object.entries(storage).flat());
  return words;
}

/** The first bytes of a secret, from each place where base64 may begin to read them, in every way that bytes are printed. */
function formsOf(secret) {
  return [0, 1, 2].flatMap((skipped) => {
    const bytes = [...secret.subarray(skipped, skipped + 12)];
    const text = String.fromCharCode(...bytes);
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const base64 = btoa(text);
    return [
      text,
      hex,
      hex.toUpperCase(),
      base64,
      base64.replaceAll('+', '-').replaceAll('/', '_'),
      bytes.join(),
      bytes.join(', '),
      bytes.join(' '),
    ];
  });
}

/**
 * Whether any of the texts reveals a secret.
 * @param {string[]} texts
 * @param {Uint8Array} secret 14 bytes at least
 */
export function tells(texts, secret) {
  const forms = formsOf(secret);
  return texts.some((text) => forms.some((form) => text.includes(form)));
}
