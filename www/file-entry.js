import { inspect } from '/kmseal/index.js';
import { createUpload, openUpload, putEnvelope } from '/api.js';
import { MAX_DIGEST_SIZE, sha256Of } from '/digest.js';
import { element, fact, fromTemplate } from '/dom.js';
import { drawEnvelope } from '/envelope-view.js';
import { formatBytes, formatDuration, formatRate, formatSize } from '/format.js';
import { inTurn } from '/in-turn.js';
import { Step } from '/step.js';

/**
 * One file of the list: sealed at once, then uploaded and opened when the reader asks for it.
 *
 * @param {File} file
 * @param {object} tools
 * @param {import('kmseal').Sealer} tools.sealer
 * @param {ReturnType<typeof import('/announcer.js').createAnnouncer>} tools.announcer
 */
export function createFileEntry(file, { sealer, announcer }) {
  const entry = fromTemplate('file-template');
  entry.querySelector('h3').textContent = file.name;
  entry.querySelector('.file-size').textContent = formatSize(file.size);
  const drawing = entry.querySelector('.envelope');
  const common = { fileName: file.name, announcer };
  /** @type {{ id: string, envelope: Blob, url: string } | undefined} */
  let sealed;

  const seal = new Step({
    ...common,
    title: 'In this page',
    label: 'Seal',
    again: 'Seal again',
    busy: `Sealing ${file.name}`,
    async work({ signal, onProgress }) {
      if (sealed) URL.revokeObjectURL(sealed.url);
      sealed = undefined;
      drawing.replaceChildren();
      upload.wait('Once it is sealed.');
      open.wait('Once it is uploaded.');
      const { id } = await createUpload('by-hand', signal);
      onProgress({ loaded: 0, total: file.size || 1 }, 'waiting its turn');
      // One after the other: each throughput figure is then that of one file.
      const { envelope, milliseconds } = await inTurn(signal, async () => {
        const start = performance.now();
        const envelope = await sealer.seal(file, {
          // Ties the envelope to this upload: put in another's place, it does not open.
          encryptionContext: { upload: id },
          signal,
          onProgress(progress) {
            onProgress(progress, formatRate(progress.loaded, performance.now() - start));
          },
        });
        return { envelope, milliseconds: performance.now() - start };
      });
      drawing.replaceChildren(...(await drawEnvelope(envelope, await inspect(envelope))));
      // Once in the page, since details of one name close each other: the newest envelope is the one that is open.
      drawing.querySelector('details').open = true;
      sealed = { id, envelope, url: URL.createObjectURL(envelope) };
      upload.offer();
      return {
        shown: [...speed(file.size, milliseconds), line(saveLink(file, sealed.url))],
        said: `${file.name} is sealed, in ${formatDuration(milliseconds)}.`,
      };
    },
  });

  const upload = new Step({
    ...common,
    title: 'In the bucket',
    label: 'Upload the envelope',
    again: 'Upload again',
    busy: `Uploading the envelope of ${file.name}`,
    async work({ signal, onProgress }) {
      open.wait('Once it is uploaded.');
      const { id, envelope } = sealed;
      const start = performance.now();
      await putEnvelope(id, envelope, {
        signal,
        onProgress: (progress) => onProgress(progress, formatRate(progress.loaded, performance.now() - start)),
      });
      open.offer();
      return {
        shown: [...speed(envelope.size, performance.now() - start), line('Stored under a random name.')],
        said: `The envelope of ${file.name} is uploaded.`,
      };
    },
  });

  const open = new Step({
    ...common,
    title: 'Through KMS',
    label: 'Ask the server to open it',
    again: 'Open again',
    busy: `The server opens the envelope of ${file.name}`,
    async work({ signal }) {
      const [opened, own] = await Promise.all([openUpload(sealed.id, signal), sha256Of(file)]);
      return comparison(file, opened, own);
    },
  });

  upload.wait('Once it is sealed.');
  open.wait('Once it is uploaded.');
  entry.querySelector('.steps').append(seal.element, upload.element, open.element);
  seal.run();
  return entry;
}

/**
 * @param {File} file
 * @param {{ sha256: string }} opened what the server found in the envelope
 * @param {string | undefined} own the page's SHA-256 of the file
 * @returns {import('/step.js').Outcome}
 */
function comparison(file, opened, own) {
  const found = element('dl', { className: 'digests' }, ...fact('SHA-256 from the server', opened.sha256));
  if (own === undefined) {
    const cap = formatSize(MAX_DIGEST_SIZE);
    const note =
      `Opened. To compare, run sha256sum on your file: the page hashes files of up to ${cap}, ` +
      'since it would need this one whole in memory.';
    return { shown: [line(note), found], said: `${file.name}: opened. ${note}` };
  }
  found.append(...fact('SHA-256 in this page', own));
  if (own !== opened.sha256) {
    throw new Error(`What the server opened is not this file: it found SHA-256 ${opened.sha256}, the file has ${own}.`);
  }
  const verdict = element('p', { className: 'verdict', textContent: 'The same file came out.' });
  return { shown: [verdict, found], said: `${file.name}: the server opened it, and both SHA-256 agree.` };
}

/** @param {number} bytes @param {number} milliseconds */
function speed(bytes, milliseconds) {
  const time = formatDuration(milliseconds);
  const shown = (figure, rest) => [element('p', { className: 'figure', textContent: figure }), line(rest)];
  // Below a mebibyte the overhead of each step is all there is to measure.
  if (bytes < 2 ** 20) return shown(time, formatBytes(bytes));
  return shown(formatRate(bytes, milliseconds), `${formatBytes(bytes)} in ${time}`);
}

/** @param {...(string | Node)} content */
const line = (...content) => element('p', { className: 'quiet' }, ...content);

/** @param {File} file @param {string} url */
const saveLink = (file, url) =>
  element('a', { href: url, download: `${file.name}.kmseal`, textContent: 'Save the envelope' });
