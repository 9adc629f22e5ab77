// A service worker that answers one request for each file to save: with what the page opens, as a download that is streamed to disk.

/** What pages save, by the URL of the download, from the page's message to the end of the download. */
const files = new Map();

const worker = /** @type {any} */ (globalThis);
worker.addEventListener('install', () => worker.skipWaiting());

worker.addEventListener('message', ({ data }) => {
  // The page asks the worker to stay while it saves. One that the browser started again meanwhile knows nothing about the file.
  if (data.stay) return files.get(data.stay)?.port.postMessage('here');
  files.set(data.url, data);
  data.port.postMessage('ready');
});

worker.addEventListener('fetch', (event) => {
  const { url } = event.request;
  const file = files.get(url);
  if (!file || file.isAsked) return;
  file.isAsked = true;
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment',
    'content-length': String(file.size),
    'x-content-type-options': 'nosniff',
  };
  const { stream, ended } = streamOf(file.port);
  // Firefox ends a worker that waits for nothing once there is a newer one, and takes what came until then for the whole file.
  event.waitUntil(ended.then(() => files.delete(url)));
  event.respondWith(new Response(stream, { headers }));
});

/** The page opens a frame when the browser wants more. If the envelope turns out bad, the download fails. */
function streamOf(port) {
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  const stream = new ReadableStream({
    pull(controller) {
      port.postMessage('pull');
      return new Promise((resolve, reject) => {
        port.onmessage = ({ data: message }) => {
          if (message === 'failed') {
            end();
            return reject(new Error('the file could not be opened to its end'));
          }
          if (message === 'end') {
            controller.close();
            end();
          } else controller.enqueue(message);
          resolve();
        };
      });
    },
    cancel() {
      port.postMessage('cancelled');
      end();
    },
  });
  return { stream, ended };
}
