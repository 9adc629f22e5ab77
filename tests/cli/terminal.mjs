// The command on its own terminal, by Python's pty module: Node has none.
import { venv } from '../../tools/venv.mjs';
import { KMSEAL, startCommand } from './command.mjs';

// A signal's status is 128 and its number, as shells have it.
const PTY = `
import os, pty, sys
status = os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:]))
sys.exit(status if status >= 0 else 128 - status)
`;

export const CONTROL_C = '\x03';
export const CONTROL_D = '\x04';

/**
 * Starts the command there: its standard output is what the terminal shows, its standard input what is typed.
 * @param {{ root: string }} folder
 * @param {Record<string, string>} env
 * @param {string[]} args
 * @param {string} [redirections] of the shell, for what must not be a terminal, such as `2> errors`
 */
export async function startOnTerminal(folder, env, args, redirections = '') {
  const python = await venv('emulator');
  const command = ['sh', '-c', `exec "$0" "$@" ${redirections}`, KMSEAL, ...args];
  return startCommand(folder, { TERM: 'xterm', ...env }, ['-c', PTY, ...command], python);
}
