// A process whose platform a script has changed. From its parent comes [script, key pair]; it tells what every operation came to.
import vm from 'node:vm';
import { everyOperation } from './operations.mjs';

process.once('message', async ([script, pair]) => {
  vm.runInThisContext(script);
  const outcomes = await everyOperation(await import('kmseal'), pair);
  process.send(outcomes, () => process.disconnect());
});
