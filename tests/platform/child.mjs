// A process whose platform a script has changed. Its parent sends [script, key pair, whether with a large file]; it returns the outcome of every operation.
import vm from 'node:vm';
import { everyOperation } from './operations.mjs';

process.once('message', async ([script, pair, isLarge]) => {
  vm.runInThisContext(script);
  const outcomes = await everyOperation(await import('kmseal'), pair, { isLarge });
  process.send(outcomes, () => process.disconnect());
});
