// The AWS CLI: one process runs all commands of a test file, since importing it takes longer than a command does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { venv } from '../../tools/venv.mjs';

/** For each line, arguments in JSON, it answers with a line: the exit status, and what the command printed. */
const PROGRAM = `
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
for line in sys.stdin:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = create_clidriver().main(json.loads(line))
    print(json.dumps([status, printed.getvalue()]), flush=True)
`;

/** @param {Record<string, string>} env where KMS is, and the credentials */
export async function startAwsCli(env) {
  const python = await venv('awscli');
  // It ends when its standard input does, and therefore with this process.
  const child = spawn(python, ['-c', PROGRAM], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {}); // it has ended, which its missing answer shows
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** What a command prints. */
    async run(...args) {
      child.stdin.write(`${JSON.stringify(args)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error('the AWS CLI ended: its words are above');
      const [status, printed] = JSON.parse(value);
      if (status !== 0) throw new Error(`aws ${args.join(' ')} failed (${status}): its words are above`);
      return printed;
    },

    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
