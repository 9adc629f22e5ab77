import { inspect } from '../kmseal/index.js';
import { createUpload, openUpload, putEnvelope } from './api.js';
import { MAX_DIGEST_BYTES, sha256Of } from './digest.js';
import { button, element, fact, fromTemplate, line } from './dom.js';
import { drawEnvelope } from './envelope-view.js';
import { MAX_FILE_SIZE } from './facts.js';
import { formatCount, formatDuration, formatRate, formatSize } from './format.js';
import { refused, saveLink, speed } from './outcomes.js';
import { createProof } from './proof.js';
import { createQueue } from './queue.js';
import { Step } from './step.js';

/** One after the other: each throughput figure is then for one file. */
const [sealing, uploading] = [createQueue(), createQueue()];

const WAITS = { upload: 'Once it is sealed.', open: 'Once it is uploaded.' };

/**
 * @typedef {object} FileEntry
 * @property {HTMLElement} element
 * @property {string} name
 * @property {boolean} isTooLarge for the server
 * @property {boolean} isUploaded
 * @property {(voice?: import('./announcer.js').Voice) => Promise<void>} seal
 * @property {(voice?: import('./announcer.js').Voice) => Promise<void>} upload once it is sealed
 * @property {() => void} remove
 */

/**
 * One file of the list: sealed at once, then uploaded and opened when the reader asks for it.
 *
 * @param {File} file
 * @param {object} tools
 * @param {import('kmseal').Sealer} tools.sealer
 * @param {string} tools.spec of the key that it seals for
 * @param {boolean} tools.alone whether this is the only entry of the file: else its name tells for which key it is
 * @param {import('./announcer.js').Announcer} tools.announcer
 * @param {() => void} tools.onChange when it has been uploaded, or no longer is
 * @param {(entry: FileEntry) => void} tools.onRemove
 * @returns {FileEntry}
 */
export function createFileEntry(file, { sealer, spec, alone, announcer, onChange, onRemove }) {
  const { size } = file;
  const name = alone ? file.name : `${file.name}, for ${spec}`;
  const isTooLarge = size > MAX_FILE_SIZE;
  const node = fromTemplate('file-template');
  const find = (/** @type {string} */ selector) => node.querySelector(selector);
  const drawing = find('.envelope');
  const proof = createProof(file);
  const common = { fileName: name, announcer };
  /** @type {{ id: string, envelope: Blob, url: string } | undefined} */
  let sealed;
  let isUploaded = false;
  const setUploaded = (/** @type {boolean} */ value) => {
    isUploaded = value;
    onChange();
  };

  /** The previous result no longer applies. */
  const unseal = () => {
    if (sealed) URL.revokeObjectURL(sealed.url);
    sealed = undefined;
    drawing.replaceChildren();
    proof.unseal();
    upload.wait(
      isTooLarge ? `Too large to upload: this demo takes files of up to ${formatSize(MAX_FILE_SIZE)}.` : WAITS.upload,
    );
    open.wait(isTooLarge ? '' : WAITS.open);
    tamper.wait('');
    setUploaded(false);
  };

  const seal = new Step({
    ...common,
    title: 'In this page',
    label: 'Seal',
    again: 'Seal again',
    busy: `Sealing ${name}`,
    async work({ signal, onProgress, note }) {
      unseal();
      // Made here and sent to the server with the upload, so that sealing needs nothing from it.
      const id = crypto.randomUUID();
      note('waiting its turn');
      const { envelope, milliseconds } = await sealing(signal, async () => {
        const start = performance.now();
        const envelope = await sealer.seal(file, {
          // Ties the envelope to this upload: put in another's place, it does not open.
          encryptionContext: { upload: id },
          signal,
          onProgress: ({ loaded }) =>
            onProgress({ loaded, total: size }, formatRate(size, performance.now() - start, loaded)),
        });
        return { envelope, milliseconds: performance.now() - start };
      });
      const info = await inspect(envelope);
      drawing.replaceChildren(...(await drawEnvelope(envelope, info)));
      await proof.seal(envelope, info);
      sealed = { id, envelope, url: URL.createObjectURL(envelope) };
      if (!isTooLarge) upload.offer();
      return {
        shown: [...speed(size, milliseconds), line(saveLink(`${file.name}.kmseal`, sealed.url))],
        said: `${name} is sealed, in ${formatDuration(milliseconds)}.`,
      };
    },
  });

  const upload = new Step({
    ...common,
    title: 'In the bucket',
    label: 'Upload the envelope',
    again: 'Upload again',
    busy: `Uploading the envelope of ${name}`,
    async work({ signal, onProgress, note }) {
      open.wait(WAITS.open);
      tamper.wait('');
      setUploaded(false);
      const { id, envelope } = sealed;
      note('waiting its turn');
      const milliseconds = await uploading(signal, async () => {
        await createUpload('by-hand', { id, signal });
        const start = performance.now();
        await putEnvelope(id, envelope, {
          signal,
          onProgress: (progress) =>
            onProgress(progress, formatRate(envelope.size, performance.now() - start, progress.loaded)),
        });
        return performance.now() - start;
      });
      // It was uploaded, even if it cannot be shown.
      await proof.store(id, signal).catch(() => {});
      open.offer();
      tamper.offer();
      setUploaded(true);
      return {
        shown: [...speed(envelope.size, milliseconds), line('Stored under a random name.')],
        said: `The envelope of ${name} is uploaded.`,
      };
    },
  });

  const open = new Step({
    ...common,
    title: 'Through KMS',
    label: 'Ask the server to open it',
    again: 'Open again',
    busy: `The server opens the envelope of ${name}`,
    async work({ signal }) {
      const [opened, own] = await Promise.all([openUpload(sealed.id, { signal }), sha256Of(file)]);
      return comparison(file, opened, own);
    },
  });

  const tamper = new Step({
    ...common,
    label: 'Change one byte, then open it',
    again: 'Change another byte, then open it',
    look: 'button',
    busy: `The server opens the envelope of ${name} with one byte changed`,
    async work({ signal }) {
      const { id, envelope } = sealed;
      const changedByte = Math.floor(Math.random() * envelope.size);
      const which = `Byte ${formatCount(changedByte)} of ${formatCount(envelope.size)} was changed on its way from S3`;
      return refused(openUpload(id, { signal, changedByte }), { name, which });
    },
  });

  const entry = {
    element: node,
    name,
    isTooLarge,
    get isUploaded() {
      return isUploaded;
    },
    seal: (voice) => seal.run(voice),
    async upload(voice) {
      if (sealed) return upload.run(voice);
      voice?.fail(`${name} is not sealed.`);
    },
    remove() {
      for (const step of [seal, upload, open, tamper]) step.stop();
      unseal();
      node.remove();
      onRemove(entry);
    },
  };

  find('h3').textContent = name;
  find('.file-size').textContent = formatSize(size);
  find('.file-heading').append(button('Remove', entry.remove, { className: 'link file-remove', about: name }));
  unseal();
  find('.steps').append(
    seal.element,
    upload.element,
    element('div', { className: 'step-pair' }, open.element, tamper.element),
  );
  drawing.before(proof.element);
  return entry;
}

/**
 * @param {File} file
 * @param {{ sha256: string }} opened what the server found in the envelope
 * @param {string | undefined} own the page's SHA-256 of the file
 * @returns {import('./step.js').Outcome}
 */
function comparison(file, opened, own) {
  const found = element('dl', { className: 'digests' }, ...fact('SHA-256 from the server', opened.sha256));
  if (own === undefined) {
    const cap = formatSize(MAX_DIGEST_BYTES);
    const note =
      `Opened. To compare, run sha256sum on your file: the page hashes files of up to ${cap}, ` +
      'since it would need this one whole in memory.';
    return { shown: [line(note), found], said: `${file.name}: opened. ${note}` };
  }
  found.append(...fact('SHA-256 in this page', own));
  if (own !== opened.sha256) {
    throw new Error(`What the server opened is not this file: it found SHA-256 ${opened.sha256}, the file has ${own}.`);
  }
  const verdict = element('p', { className: 'verdict same', textContent: 'The same file came out.' });
  return { shown: [verdict, found], said: `${file.name}: the server opened it, and both SHA-256 agree.` };
}
