// Shows an opened file in the page, if its type is one that browsers show and do not run.
import { blobOf } from './blob.js';

/** Never HTML, SVG or XML: with a blob URL their scripts would run in this page's origin, with the user's session. */
const TAGS = {
  'image/png': 'img',
  'image/jpeg': 'img',
  'image/gif': 'img',
  'image/webp': 'img',
  'image/avif': 'img',
  'application/pdf': 'iframe',
};
/** Bytes. A file that is shown is in the browser's memory or in its own files, as a Blob. */
export const LARGEST_SHOWN = 100 * 1024 * 1024;
/** Tries for an image to load, and the first pause between them. */
const TRIES = 4;
const PAUSE_MS = 100;

/** @param {{ type: string }} file */
export const canShow = ({ type }) =>
  // Phones, and browsers that are set to, download a PDF or leave its frame empty.
  Object.hasOwn(TAGS, type) && (type !== 'application/pdf' || navigator.pdfViewerEnabled !== false);

/**
 * @param {Awaited<ReturnType<typeof import('./open-here.js').openHere>>} file
 * @param {Element} place in which it is shown
 * @param {{ signal?: AbortSignal, onProgress?: (progress: import('kmseal').Progress) => void }} [options]
 */
export async function show(file, place, options) {
  if (!canShow(file)) throw new Error(`a file of the type ${JSON.stringify(file.type)} is not shown; save it`);
  const { plaintext, size } = await file.open(options);
  if (size > LARGEST_SHOWN) {
    await plaintext.cancel();
    throw new Error(`a file of more than ${LARGEST_SHOWN / 2 ** 20} MiB is not shown; save it`);
  }
  // The type is one of ours, whatever the sender called it. Browsers do not guess another one for a Blob.
  const blob = new Blob([await blobOf(plaintext)], { type: file.type });
  const url = URL.createObjectURL(blob);
  let element;
  const put = () => {
    // A PDF's frame has no `sandbox`: Chromium shows no PDF in one. Its viewer keeps the PDF's own scripts away from the page.
    element = document.createElement(TAGS[file.type]);
    element.src = url;
    element.title = file.name;
    place.replaceChildren(element);
  };
  const close = () => {
    element.remove();
    URL.revokeObjectURL(url);
  };
  put();
  // WebKit at times loads nothing from a Blob's URL that it has just made, and stays with that for an element. So an image gets more than one.
  for (let tries = 1; 'decode' in element && !options?.signal?.aborted; tries++) {
    element.alt = file.name;
    try {
      await element.decode();
      break;
    } catch (cause) {
      if (tries === TRIES) {
        close();
        throw new Error('the file is not the image that it was said to be; save it', { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries));
      put();
    }
  }
  // It was closed while it was read or decoded: nobody has what would remove it.
  if (options?.signal?.aborted) {
    close();
    throw options.signal.reason;
  }
  return { close };
}
