// The API reference from the sources: TypeScript's in target/api, Rust's in target/doc. A warning fails.
//
//     node scripts/docs.mjs      after npm run build
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTools } from './lib/npm.mjs';
import { ROOT, run } from './lib/run.mjs';

/** TypeDoc, with TypeScript's last compiler that has the interface which it needs. */
export async function typescriptDocs() {
  const { exports } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ default: script }) => (script ? [path.parse(script).name] : []));
  const tools = await checkTools();
  const pages = ['--name', 'kmseal', '--readme', 'none', '--excludeInternal', '--excludePrivate', '--excludeExternals'];
  const strict = ['--treatWarningsAsErrors', '--treatValidationWarningsAsErrors'];
  const input = ['--tsconfig', 'js/tsconfig.json', ...entries.flatMap((name) => ['--entryPoints', `js/${name}.ts`])];
  // Not git's own idea of where the sources are: a clone may have no remote.
  const sources = ['--disableGit', '--sourceLinkTemplate', 'https://github.com/kmseal/kmseal/blob/main/js/{path}#L{line}'];
  await run(path.join(tools, 'node_modules/.bin/typedoc'), [...input, ...pages, ...sources, ...strict, '--out', 'target/api']);
}

export async function rustDocs() {
  const env = { ...process.env, RUSTDOCFLAGS: '--deny warnings' };
  await run('cargo', ['doc', '--no-deps', '--document-private-items', '--package', 'kmseal'], { env });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await typescriptDocs();
    await rustDocs();
  } catch (error) {
    console.error(`docs: ${error.message}`);
    process.exitCode = 1;
  }
}
