// tusd, the reference server of tus, as a program of the tests.
import path from 'node:path';
import { goProgram, lacksGo } from './go.mjs';
import { ROOT } from './run.mjs';

/** What this machine lacks for it, or undefined. */
export const tusdLacks = () => lacksGo(25);

/** The program's path. */
export const tusdProgram = () =>
  goProgram(path.join(ROOT, 'tests', 'browser', 'tusd'), 'tests', 'tusd', 'building tusd');
