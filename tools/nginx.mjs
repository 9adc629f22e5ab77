// nginx, which the tests place between a reader and a download.
import { needDebian } from './debian.mjs';
import { which } from './run.mjs';

// Debian keeps it in a folder that only root has on PATH.
const find = () => which('nginx') ?? which('nginx', '/usr/sbin');

/** The program's path. */
export async function nginxProgram() {
  if (!find()) await needDebian(['nginx-light']);
  return find();
}
