// Debian packages: installed if we are root on a system with apt-get, otherwise named.
import { run, step, which } from './run.mjs';

let last = Promise.resolve();

/** One request at a time, since apt-get waits for no other one of its own when it updates its lists. */
export function needDebian(packages) {
  const installed = last.then(() => install(packages));
  last = installed.catch(() => {});
  return installed;
}

async function install(packages) {
  const list = packages.join(' ');
  if (process.platform === 'darwin')
    throw new Error(`missing programs: run\n\n    brew install ${list.replace('nginx-light', 'nginx')}\n`);
  if (!which('apt-get')) throw new Error(`missing programs; on Debian they are in the packages ${list}`);
  if (process.getuid?.() !== 0) throw new Error(`missing packages: run\n\n    sudo apt-get install ${list}\n`);
  step(`apt-get install ${list}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=600'];
  await run('apt-get', [...wait, 'update'], { env });
  await run('apt-get', [...wait, 'install', '--yes', '--no-install-recommends', ...packages], { env });
}
