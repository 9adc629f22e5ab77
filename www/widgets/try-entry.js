import { Sealer, inspect } from '../kmseal/index.js';
import { button, element, fromTemplate, line } from './dom.js';
import { fieldAt } from './envelope-layout.js';
import { drawEnvelope } from './envelope-view.js';
import { EXCERPT, contentPlace, createExcerpt, show } from './excerpt.js';
import { formatBytes, formatCount, formatDuration, formatRate, formatSize } from './format.js';
import { refused, saveLink, speed } from './outcomes.js';
import { createQueue } from './queue.js';
import { sameContent } from './same-content.js';
import { Step } from './step.js';
import { whoOpens } from './who-opens.js';

/** Bound to every envelope that is sealed here, and expected of each that is opened. */
const CONTEXT = { purpose: 'a-try-on-the-site' };

/** One after the other: each throughput figure is then for one file. */
const sealing = createQueue();

/**
 * @typedef {object} Tools
 * @property {ReturnType<typeof import('./key-desk.js').createKeyDesk>} desk
 * @property {import('./announcer.js').Announcer} announcer
 * @property {(entry: HTMLElement) => void} onRemove
 */

/** A file: sealed in this tab, and shown beside its ciphertext. @param {File} file @param {Tools} tools */
export function createFileEntry(file, { desk, ...tools }) {
  const { name, size } = file;
  const { key } = desk.current;
  return createEntry(name, size, {
    ...tools,
    desk,
    file,
    known: { keyId: 'keyId' in key ? key.keyId : undefined, encryptionContext: CONTEXT },
    first: { title: 'Sealed in this tab', label: 'Seal', again: 'Seal again', busy: `Sealing ${name}` },
    async work({ signal, onProgress, note }) {
      note('waiting its turn');
      const { envelope, milliseconds } = await sealing(signal, async () => {
        const start = performance.now();
        const options = {
          encryptionContext: CONTEXT,
          signal,
          onProgress: ({ loaded }) =>
            onProgress({ loaded, total: size }, formatRate(size, performance.now() - start, loaded)),
        };
        const envelope = await new Sealer({ keys: [key] }).seal(file, options);
        return { envelope, milliseconds: performance.now() - start };
      });
      const said = `${name} is sealed, in ${formatDuration(milliseconds)}.`;
      return { envelope, name: `${name}.kmseal`, shown: speed(size, milliseconds), said };
    },
  });
}

/** An envelope that somebody brings. @param {File} envelope @param {Tools} tools */
export function createEnvelopeEntry(envelope, tools) {
  const { name, size } = envelope;
  return createEntry(name, size, {
    ...tools,
    first: { title: 'Inspected in this tab', label: 'Inspect', again: 'Inspect again', busy: `Inspecting ${name}` },
    async work() {
      const shown = [
        line(`An envelope of ${formatBytes(size)}. What its header says is not authenticated before it is opened.`),
      ];
      return { envelope, name, shown, said: `${name} is an envelope.` };
    },
  });
}

/**
 * @param {string} name
 * @param {number} size
 * @param {Tools & { file?: File, known?: Parameters<typeof whoOpens>[2], first: { title: string, label: string, again: string, busy: string },
 *   work: (work: import('./step.js').Work) => Promise<import('./step.js').Outcome & { envelope: Blob, name: string }> }} options file: what
 *   was sealed, to be compared with what comes out; known: of the envelope, beyond what it says itself
 */
function createEntry(name, size, { desk, announcer, onRemove, file, known, first, work }) {
  const node = fromTemplate('file-template');
  const find = (/** @type {string} */ selector) => node.querySelector(selector);
  const drawing = find('.envelope');
  const others = createExcerpt('What everyone else gets');
  const proof = element('div', { className: 'proof' }, ...(file ? [ownExcerpt(file)] : []), others.element);
  const common = { fileName: name, announcer };
  /** @type {{ envelope: Blob, info: import('kmseal').Inspection, opener?: import('kmseal').Opener }} */
  let sealed;
  const command = element('code', { className: 'open-command' });
  /** @type {string[]} */
  const urls = [];
  const save = (/** @type {Blob} */ blob, /** @type {string} */ as, text) => {
    urls.push(URL.createObjectURL(blob));
    return line(saveLink(as, urls.at(-1), text));
  };
  const release = () => urls.splice(0).forEach((url) => URL.revokeObjectURL(url));

  const begin = new Step({
    ...common,
    ...first,
    async work(progress) {
      release();
      open.wait('');
      tamper.wait('');
      command.textContent = '';
      const { envelope, name: savedAs, shown, said } = await work(progress);
      const info = await inspect(envelope);
      const opener = desk.openerFor(info.keyIds);
      sealed = { envelope, info, opener };
      const place = contentPlace(info);
      proof.hidden = info.plaintextSize === 0;
      await show(others, envelope.slice(place.start, place.end));
      drawing.replaceChildren(...(await drawEnvelope(envelope, info)));
      if (opener) {
        open.offer();
        tamper.offer();
      } else {
        const others = whoOpens(info, savedAs, known);
        open.wait(others.says);
        command.textContent = others.command;
      }
      return { shown: file ? [...shown, save(envelope, savedAs, 'Save the envelope')] : shown, said };
    },
  });

  const open = new Step({
    ...common,
    title: 'Opened with the private key',
    label: 'Open it',
    again: 'Open it again',
    busy: `Opening the envelope of ${name}`,
    async work({ signal, onProgress }) {
      const { envelope, opener } = sealed;
      const { plaintext } = await opener.open(envelope, { encryptionContext: CONTEXT, signal, onProgress });
      if (!file) {
        const shown = [
          element('p', { className: 'verdict same', textContent: 'Opened.' }),
          save(plaintext, name.replace(/\.kmseal$/, ''), 'Save what was inside'),
        ];
        return { shown, said: `${name} is opened.` };
      }
      if (!(await sameContent(plaintext, file, signal)))
        throw new Error('What came out is not the file that was sealed.');
      const shown = [
        element('p', { className: 'verdict same', textContent: 'The same file came out.' }),
        line(`Compared byte by byte: ${formatBytes(size)}.`),
      ];
      return { shown, said: `${name}: opened, and the same file came out.` };
    },
  });

  const tamper = new Step({
    ...common,
    label: 'Change one byte, then open it',
    again: 'Change another byte, then open it',
    look: 'button',
    busy: `Opening the envelope of ${name} with one byte changed`,
    async work({ signal }) {
      const { envelope, info, opener } = sealed;
      const at = Math.floor(Math.random() * envelope.size);
      const { frame, name: field } = fieldAt(at, info);
      const where = frame === 0 ? 'the header' : `frame ${formatCount(frame)}`;
      const which = `Byte ${formatCount(at)} of ${formatCount(envelope.size)} was changed (${where}: ${field})`;
      return refused(opener.open(await changed(envelope, at), { encryptionContext: CONTEXT, signal }), { name, which });
    },
  });

  find('h3').textContent = name;
  find('.file-size').textContent = formatSize(size);
  open.element.append(command);
  const remove = () => {
    for (const step of [begin, open, tamper]) step.stop();
    release();
    onRemove(node);
  };
  find('.file-heading').append(button('Remove', remove, { className: 'link file-remove', about: name }));
  find('.steps').append(begin.element, open.element, tamper.element);
  drawing.before(proof);
  return { element: node, name, run: (voice) => begin.run(voice) };
}

/** @param {File} file */
function ownExcerpt(file) {
  const excerpt = createExcerpt('Your file begins');
  show(excerpt, file.slice(0, EXCERPT));
  return excerpt.element;
}

/** The envelope with one byte changed. @param {Blob} envelope @param {number} at */
async function changed(envelope, at) {
  const [byte] = new Uint8Array(await envelope.slice(at, at + 1).arrayBuffer());
  return new Blob([envelope.slice(0, at), Uint8Array.of(byte ^ 1), envelope.slice(at + 1)]);
}
