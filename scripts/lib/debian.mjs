// Debian packages: installed when we are root on a system with apt-get, named otherwise.
import { run, step, which } from './run.mjs';

export async function needDebian(packages) {
  const list = packages.join(' ');
  if (!which('apt-get')) throw new Error(`missing programs; on Debian they are in the packages ${list}`);
  if (process.getuid?.() !== 0) throw new Error(`missing packages: run\n\n    sudo apt-get install ${list}\n`);
  step(`apt-get install ${list}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=600'];
  await run('apt-get', [...wait, 'update'], { env });
  await run('apt-get', [...wait, 'install', '--yes', '--no-install-recommends', ...packages], { env });
}
