// tusd, the reference server of tus, with a relay in front of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { tusdProgram } from '../../../tools/tusd.mjs';
import { startRelay } from './relay.mjs';

/** As startTus() of tus.mjs. */
export async function startTusd() {
  const program = await tusdProgram();
  const directory = mkdtempSync(path.join(tmpdir(), 'kmseal-tusd-'));
  const refusal = path.join(directory, 'refusal');
  const server = spawn(program, [directory, refusal], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [address] = await once(createInterface({ input: server.stdout }), 'line');
  const relay = await startRelay(`http://${address}`);
  const fileOf = (url) => path.join(directory, new URL(url).pathname.split('/').at(-1));
  return {
    relay,
    endpoint: `${relay.origin}/files`,
    read: (url) => readFileSync(fileOf(url)),
    fileOf,
    async upload(url) {
      const { Size: size, SizeIsDeferred, MetaData } = JSON.parse(readFileSync(`${fileOf(url)}.info`, 'utf8'));
      return { size: SizeIsDeferred ? undefined : size, offset: statSync(fileOf(url)).size, metadata: MetaData };
    },
    hook: {
      set refuses(answer) {
        if (answer) writeFileSync(refusal, String(answer.status_code));
        else rmSync(refusal, { force: true });
      },
    },
    async close() {
      await relay.close();
      server.kill();
      await once(server, 'exit');
      rmSync(directory, { recursive: true });
    },
  };
}
