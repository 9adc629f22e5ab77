// The command on its own terminal, by Python: Node has none.
import { venv } from '../../tools/venv.mjs';
import { KMSEAL, startCommand } from './command.mjs';

// What pty.spawn() does, but that a terminal which its last program has closed may say so before all is read: on a busy machine the last kilobytes of
// 600 were lost. So this one keeps it open, and writes a NUL there after the program, which no test shows. A signal's status is 128 and its number, as
// shells have it.
const PTY = `
import os, select, sys, threading

master, slave = os.openpty()
child = os.fork()
if child == 0:
    os.close(master)
    os.login_tty(slave)
    os.execvp(sys.argv[1], sys.argv[1:])

def end():
    global status
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(slave, b"\\0")

threading.Thread(target=end, daemon=True).start()
sources = [master, 0]
shown = b""
while not shown.endswith(b"\\0"):
    ready = select.select(sources, [], [])[0]
    if master in ready:
        shown = os.read(master, 65536)
        sys.stdout.buffer.write(shown.removesuffix(b"\\0"))
        sys.stdout.buffer.flush()
    if 0 in ready:
        typed = os.read(0, 1024)
        os.write(master, typed)
        if not typed:
            sources.remove(0)
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
