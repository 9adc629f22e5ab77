// Failures between the AWS SDK and the emulator: the proxy microburst.
import { answers, freePort, startChild } from '../../scripts/lib/child.mjs';
import { venv } from '../../scripts/lib/venv.mjs';

/** @param {string} upstream the emulator's endpoint */
export async function startFaults(upstream) {
  const python = await venv('faults');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const child = startChild(python, ['-m', 'microburst', '--upstream', upstream, '--port', String(port), '--no-resign']);
  await child.until(() => answers(`${endpoint}/_microburst/rules`));
  return {
    endpoint,
    stop: child.stop,

    /** What becomes of the next Decrypt calls, in place of the rules before. */
    async decrypt(...effects) {
      const rules = effects.map((effect) => ({ service: 'kms', operation: 'Decrypt', ...effect }));
      const response = await fetch(`${endpoint}/_microburst/rules`, { method: 'POST', body: JSON.stringify(rules) });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}
