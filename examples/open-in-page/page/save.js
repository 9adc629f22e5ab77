// Saves an opened file: to a place that the user chooses, as a download that a service worker streams, or from memory.
import { blobOf } from './blob.js';

/**
 * Bytes. A download of a file up to this begins once the whole file is there, as a Blob. One that is streamed may end in the middle: Firefox shows it as
 * complete if the process of its worker crashes.
 */
export const BLOB_FIRST = 32 * 1024 * 1024;
/** Bytes. Browsers with neither of the two ways keep the whole file as a Blob first: this many, and no more. */
export const LARGEST_BLOB = 256 * 1024 * 1024;
/** Milliseconds between messages to the worker: browsers end one that nobody talks to. */
const STAY = 10_000;
/** Messages in a row to which a worker that has gone gives no answer. */
const UNANSWERED = 3;
/** Milliseconds until a browser that has not asked the worker for a download is taken for one that never does. */
const NOT_ASKED = 15_000;
/** How often the file is offered: a worker may be replaced by a newer one after the page has told it of the file. */
const OFFERS = 3;

/**
 * Call it from a click: the choice of a place needs one.
 *
 * @param {Awaited<ReturnType<typeof import('./open-here.js').openHere>>} file
 * @param {{ signal?: AbortSignal, onProgress?: (progress: import('kmseal').Progress) => void }} [options]
 * @returns {Promise<string | undefined>} `saved` or `downloading`; nothing where the user chose no place. The browser lists a download by itself
 */
export async function save(file, options) {
  // The sender chose it. A URL takes no half of a character, which a name in UTF-16 can have.
  const suggestedName = new TextDecoder().decode(new TextEncoder().encode(file.name));
  const { showSaveFilePicker } = /** @type {any} */ (globalThis);
  if (showSaveFilePicker) {
    const handle = await showSaveFilePicker({ suggestedName }).catch(unlessCancelled);
    return handle && toHandle(file, handle, options);
  }
  const opened = await file.open(options);
  for (let offers = 0; offers < OFFERS && opened.size > BLOB_FIRST; offers++) {
    const worker = await saveWorker();
    const outcome = worker && (await throughWorker(worker, opened, suggestedName));
    if (outcome === 'downloading') return outcome;
    if (outcome !== 'replaced') break;
  }
  return fromBlob(opened, suggestedName);
}

function unlessCancelled(error) {
  if (error.name !== 'AbortError') throw error;
}

/** Its bytes are in a file of the browser's until all of them are there. */
async function toHandle(file, handle, options) {
  try {
    const { plaintext } = await file.open(options);
    await plaintext.pipeTo(await handle.createWritable());
    return 'saved';
  } catch (error) {
    // The browser has made an empty file where the user chose the place.
    await handle.remove?.().catch(() => {});
    throw error;
  }
}

/** The worker, once it runs or has been replaced; undefined where there is none, as in a private window. */
async function saveWorker() {
  try {
    // Beside the page. Vite turns a URL that is relative to this script into a data: URL, which no browser takes for a worker.
    // A scope has one worker. In the page's own scope this one would replace the app's, and the app's this one in the middle of a download.
    const { installing, waiting, active } = await navigator.serviceWorker.register(
      new URL('save-worker.js', document.baseURI),
      { scope: 'save/' },
    );
    const worker = active ?? waiting ?? installing;
    const isReady = () => ['activated', 'redundant'].includes(worker.state);
    while (!isReady()) await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
    return worker;
  } catch {
    return undefined;
  }
}

/**
 * `downloading` if the browser took it as a download, once the last bytes have been handed over; it rejects if the envelope is bad. `replaced` if
 * another worker was asked; otherwise undefined.
 */
function throughWorker(worker, { plaintext, size }, name) {
  // The name is the end of the URL, and no header is made of it: browsers take it from there, without what is dangerous in a file name.
  const url = new URL(`save/${crypto.randomUUID()}/${encodeURIComponent(name)}`, worker.scriptURL).href;
  const { port1: port, port2 } = new MessageChannel();
  const frame = Object.assign(document.createElement('iframe'), { hidden: true });
  const reader = plaintext.getReader();
  let timer;
  let stay;
  let unanswered = 0;
  const done = new Promise((resolve, reject) => {
    // Until it is asked for the file.
    const look = () => worker.state === 'redundant' && resolve('replaced');
    worker.onstatechange = look;
    look();
    stay = setInterval(() => {
      if (unanswered++ === UNANSWERED)
        reject(new Error('the browser ended the download; delete what it saved, and save again'));
      worker.postMessage({ stay: url });
    }, STAY);
    port.onmessage = async ({ data: message }) => {
      if (message === 'here') return void (unanswered = 0);
      clearTimeout(timer);
      if (message === 'ready') {
        timer = setTimeout(resolve, NOT_ASKED);
        frame.src = url;
        // A download loads nothing. The other worker passes the request on to the server, whose answer is a page.
        frame.onload = () => frame.contentDocument?.URL !== 'about:blank' && resolve('replaced');
        document.body.append(frame);
      } else if (message === 'cancelled') {
        reject(new DOMException('the download was cancelled', 'AbortError'));
      } else if (message === 'pull') {
        frame.onload = worker.onstatechange = null;
        try {
          const { done, value } = await reader.read();
          port.postMessage(done ? 'end' : value);
          if (done) resolve('downloading');
        } catch (error) {
          port.postMessage('failed');
          reject(error);
        }
      }
    };
    timer = setTimeout(resolve, NOT_ASKED, 'replaced');
    worker.postMessage({ url, size, port: port2 }, [port2]);
  });
  return done.finally(() => {
    clearTimeout(timer);
    clearInterval(stay);
    // If the browser asks later, that download fails.
    port.postMessage('failed');
    port.close();
    frame.remove();
    reader.releaseLock();
  });
}

/** From memory. */
async function fromBlob({ plaintext, size }, name) {
  if (size > LARGEST_BLOB) {
    await plaintext.cancel();
    throw new Error(`this browser saves at most ${LARGEST_BLOB / 2 ** 20} MiB; open the file in another one`);
  }
  const url = URL.createObjectURL(await blobOf(plaintext));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The browser has taken the Blob by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return 'downloading';
}
