// AWS's published messages, which are AWS's and not in this project: a folder beside it, or one that a variable names.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './run.mjs';

export const OFFICIAL = process.env.KMSEAL_OFFICIAL_VECTORS || path.join(ROOT, '..', 'shared', 'vectors', 'official');

/** What this machine lacks for their tests, or undefined. */
export const officialLacks = () =>
  existsSync(OFFICIAL) ? undefined : "AWS's published messages in the folder of the variable KMSEAL_OFFICIAL_VECTORS";
