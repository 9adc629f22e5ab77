// AWS's Go Encryption SDK as a program.
import path from 'node:path';
import { goBuild, goProgram, lacksGo } from './go.mjs';
import { ROOT } from './run.mjs';

const FOLDER = path.join(ROOT, 'tests', 'interop', 'go');

/** What this machine lacks for it, or undefined. */
export const goLacks = () => lacksGo(24);

/** Builds a program with its modules from these source files. */
export const buildWithEsdk = (program, ...files) => goBuild(FOLDER, program, ...files);

/** The program's path. */
export const goEsdk = () =>
  goProgram(FOLDER, 'interop', 'go-esdk', "building AWS's Go Encryption SDK (about a minute)");
