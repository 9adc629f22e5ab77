// A process whose platform a script has changed. Its parent sends [script, key pair]; it returns the outcome of every operation.
import vm from 'node:vm';
import { everyOperation } from './operations.mjs';

process.once('message', async ([script, pair]) => {
  vm.runInThisContext(script);
  const outcomes = await everyOperation(await import('kmseal'), pair);
  process.send(outcomes, () => process.disconnect());
});
