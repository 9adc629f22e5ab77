// The AWS CLI as shells find it: the script `aws`. One process imports it, and forks another one for each command.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../../tools/child.mjs';
import { venv } from '../../tools/venv.mjs';

const PROGRAM = fileURLToPath(new URL('aws-cli.py', import.meta.url));

/** Puts `aws` into a folder, where it works until the process is stopped. @param {string} folder */
export async function startAwsCli(folder) {
  const python = await venv('awscli');
  const socket = path.join(folder, 'aws.socket');
  // macOS otherwise ends a forked process that asks for the system's proxies, as the AWS CLI does.
  const env = { ...process.env, OBJC_DISABLE_INITIALIZE_FORK_SAFETY: 'YES' };
  const child = startChild(python, ['-B', PROGRAM, 'serve', socket], env); // -B writes no compiled files into tools/
  await child.until(() => child.output.includes('ready'));
  // Without the site's packages Python starts twice as fast.
  const script = `#!/bin/sh\nexec '${python}' -IS '${PROGRAM}' ask '${socket}' "$@"\n`;
  writeFileSync(path.join(folder, 'aws'), script, { mode: 0o755 });
  return { stop: child.stop };
}
