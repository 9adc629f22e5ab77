// A real tus server, with a relay in front of it.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { startRelay } from './relay.mjs';

export async function startTus() {
  const directory = mkdtempSync(path.join(tmpdir(), 'kmseal-tus-'));
  /** `refuses`: what its hook for complete uploads throws. @type {{ refuses?: { status_code: number, body: string } }} */
  const hook = {};
  const onUploadFinish = async () => {
    if (hook.refuses) throw hook.refuses;
    return {};
  };
  const datastore = new FileStore({ directory });
  const tus = new Server({ path: '/files', datastore, relativeLocation: true, onUploadFinish });
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    // As proxies do for clients that have no PATCH (tus 1.0, "X-HTTP-Method-Override").
    request.method = request.headers['x-http-method-override'] ?? request.method;
    tus.handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const relay = await startRelay(`http://127.0.0.1:${server.address().port}`);
  const idOf = (url) => new URL(url).pathname.split('/').at(-1);
  const fileOf = (url) => path.join(directory, idOf(url));
  return {
    relay,
    hook,
    endpoint: `${relay.origin}/files`,
    /** What has arrived under an upload's URL. */
    read: (url) => readFileSync(fileOf(url)),
    /** Where that lies. */
    fileOf,
    /** As the server knows it: size, offset, metadata. */
    upload: (url) => tus.datastore.getUpload(idOf(url)),
    async close() {
      await relay.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      rmSync(directory, { recursive: true });
    },
  };
}
