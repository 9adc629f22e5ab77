// Where tools and virtual environments live: outside the project, one folder per name and version.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export const CACHE = path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'kmseal');

/**
 * The folder `kind/name` of the cache, made by `install(folder)` if it is missing. It gets its name only when it is complete, so
 * an interrupted install does not count; of two concurrent ones the first stays.
 */
export async function cached(kind, name, install) {
  const folder = path.join(CACHE, kind, name);
  if (existsSync(folder)) return folder;
  const unfinished = path.join(CACHE, kind, `.${name}.${process.pid}`);
  mkdirSync(path.dirname(folder), { recursive: true });
  try {
    await install(unfinished);
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}
