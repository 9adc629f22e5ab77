// Failures between the AWS SDK and the emulator: the proxy microburst.
import { startChild, startOnPort } from '../../../tools/child.mjs';
import { venv } from '../../../tools/venv.mjs';

/** @param {string} upstream the emulator's endpoint */
export async function startFaults(upstream) {
  const python = await venv('faults');
  const start = (port) =>
    startChild(python, ['-m', 'microburst', '--upstream', upstream, '--port', String(port), '--no-resign']);
  const { origin: endpoint, stop } = await startOnPort(start, { path: '/_microburst/rules' });
  return {
    endpoint,
    stop,

    /** What becomes of the next Decrypt calls, in place of the rules before. */
    async decrypt(...effects) {
      const rules = effects.map((effect) => ({ service: 'kms', operation: 'Decrypt', ...effect }));
      const response = await fetch(`${endpoint}/_microburst/rules`, { method: 'POST', body: JSON.stringify(rules) });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}
