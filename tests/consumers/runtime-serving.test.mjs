// Deno and Bun serve what they open, by the block of docs/downloads.md for node:http: a good, an altered and a cut envelope, a KMS that
// refuses, and a reader who goes away.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { blocksOf, moduleOf } from '../docs/blocks.mjs';
import { CONTEXT, startEnvelopes } from '../serving/serving.mjs';
import { HTTP1, serves } from '../serving/serving-cases.mjs';
import { documentedHeaders } from '../serving/snippets.mjs';
import { startProject } from '../support/consumers.mjs';

let setting;
let storage;
let project;
let headers;
before(async () => {
  setting = await startEnvelopes();
  headers = await documentedHeaders();
  // As an object storage: whole by HEAD, in ranges by GET.
  storage = createServer({ keepAliveTimeout: 0 }, ({ url, headers: { range } }, response) => {
    const envelope = setting.envelopes[url.slice(1)];
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [undefined, 0, envelope.length - 1];
    const bytes = envelope.subarray(Number(start), Number(end) + 1);
    response.writeHead(range ? 206 : 200, { 'content-length': bytes.length }).end(bytes);
  }).listen(0, '127.0.0.1');
  await once(storage, 'listening');
  project = await startProject();
  const [block] = blocksOf('docs/downloads.md').filter(({ heading }) => heading === 'node:http and node:http2');
  writeFileSync(project.inProject('app/answer.js'), moduleOf(block.code, { given: ['server', 'openDownload'] }));
});
after(async () => {
  storage?.close();
  project?.remove();
  await setting?.close();
});

const RUNTIMES = {
  Deno: ['deno', 'run', '--no-config', '--node-modules-dir=manual', '--allow-read=.', '--allow-net=127.0.0.1'],
  Bun: ['bun', 'run'],
};

/** What each server has told so far: `cancelled NAME`. */
const told = new EventEmitter();

/** The program as what `serves` takes for a server. */
async function start([name, ...args]) {
  const asked = {
    storage: `http://127.0.0.1:${storage.address().port}`,
    endpoint: setting.kms.emulator.endpoint,
    keyIds: setting.keyIds,
    encryptionContext: CONTEXT,
  };
  const options = { cwd: project.project, stdio: ['ignore', 'pipe', 'ignore'] };
  const child = spawn(project.bin(name), [...args, 'app/downloads.js', JSON.stringify(asked)], options);
  const server = new EventEmitter();
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, 'line');
  lines.on('line', (line) => told.emit(line));
  return Object.assign(server, {
    listen: () => setImmediate(() => server.emit('listening')),
    address: () => ({ port: Number(first.split(' ')[1]) }),
    close: () => child.kill('SIGKILL'),
  });
}

const fateOf = (id) => once(told, `cancelled ${id}`).then(() => 'cancelled');

for (const [name, command] of Object.entries(RUNTIMES)) {
  serves(
    name,
    HTTP1,
    () => start(command),
    () => ({ setting: { fateOf }, headers }),
  );
}
