// A service worker that answers one request for each file to save: with what the page opens, as a download that is streamed to disk.

/** What the page wants to save, by the URL of the download. */
const files = new Map();

const worker = /** @type {any} */ (globalThis);
worker.addEventListener('install', () => worker.skipWaiting());
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener('message', ({ data }) => {
  // The page asks the worker to stay while it saves.
  if (data === 'stay') return;
  files.set(data.url, data);
  data.port.postMessage('ready');
});

worker.addEventListener('fetch', (event) => {
  const file = files.get(event.request.url);
  if (!file) return;
  files.delete(event.request.url);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
    'content-length': String(file.size),
    'x-content-type-options': 'nosniff',
  };
  event.respondWith(new Response(streamOf(file.port), { headers }));
});

/** The page opens a frame when the browser wants more. If the envelope turns out bad, the download fails. */
const streamOf = (port) =>
  new ReadableStream({
    pull(controller) {
      port.postMessage('pull');
      return new Promise((resolve, reject) => {
        port.onmessage = ({ data: message }) => {
          if (message === 'end') controller.close();
          else if (message === 'failed') return reject(new Error('the file could not be opened to its end'));
          else controller.enqueue(message);
          resolve();
        };
      });
    },
    cancel: () => port.postMessage('cancelled'),
  });
