// The API reference from the sources: TypeScript's in target/api, Rust's in target/doc. A warning fails.
//
//     node scripts/docs.mjs      after npm run build
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { checkTools } from '../tools/npm.mjs';
import { ROOT, run } from '../tools/run.mjs';

/** What the comment of an error's code says of it, in `js/errors.ts`; docs/errors.md is made of the same. */
const ERROR_TAGS = ['@fault', '@passes', '@remedy', '@status'];

/** Types of the package's own that a signature names, and that nobody needs by name: kmseal exports none of them. */
const NOT_EXPORTED = [
  'js/errors.ts:KmsealErrorConstructor',
  'js/errors.ts:UploadDetails',
  'js/frames/opener-options.ts:OpenerKeyOptions',
  'js/frames/opener-options.ts:OpenerSettings',
  'js/sealer.ts:SealerKey',
  'js/tus/client.ts:TusSource',
  'js/uploads/options.ts:Describe',
  'js/tus/client.ts:TusRequest',
];

/**
 * TypeDoc, with the last TypeScript compiler that has the interface it needs.
 * @param {{ out?: string }} [options] out: the folder, relative to the project
 */
export async function typescriptDocs({ out = 'target/api' } = {}) {
  const { exports } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ default: script }) =>
    script?.endsWith('.js') ? [path.parse(script).name] : [],
  );
  const tools = await checkTools();
  const pages = ['--name', 'kmseal', '--readme', 'none', '--excludeInternal', '--excludePrivate', '--excludeExternals'];
  const { OptionDefaults } = await import(
    pathToFileURL(createRequire(path.join(tools, 'package.json')).resolve('typedoc')).href
  );
  const tags = [...OptionDefaults.blockTags, ...ERROR_TAGS].flatMap((tag) => ['--blockTags', tag]);
  const hidden = NOT_EXPORTED.flatMap((name) => ['--intentionallyNotExported', name]);
  const strict = ['--treatWarningsAsErrors', '--treatValidationWarningsAsErrors'];
  // The build has checked the types.
  const input = ['--tsconfig', 'js/tsconfig.json', '--skipErrorChecking'];
  input.push(...entries.flatMap((name) => ['--entryPoints', `js/${name}.ts`]));
  // Not git's own idea of where the sources are: a clone may have no remote.
  const sources = [
    '--disableGit',
    '--sourceLinkTemplate',
    'https://github.com/kmseal/kmseal/blob/main/js/{path}#L{line}',
  ];
  await run(path.join(tools, 'node_modules/.bin/typedoc'), [
    ...input,
    ...tags,
    ...hidden,
    ...pages,
    ...sources,
    ...strict,
    '--out',
    out,
  ]);
}

/**
 * @param {{ target?: string, privateItems?: boolean }} [options] target: Cargo's folder, relative to the project, in which doc/ is made
 */
export async function rustDocs({ target = 'target', privateItems = true } = {}) {
  // What documentation needs of the dependencies is compiled once, wherever the pages go.
  const env = {
    ...process.env,
    RUSTDOCFLAGS: '--deny warnings',
    CARGO_BUILD_BUILD_DIR: path.join(ROOT, 'target'),
  };
  const items = privateItems ? ['--document-private-items'] : [];
  await run('cargo', ['doc', '--no-deps', ...items, '--package', 'kmseal', '--all-features', '--target-dir', target], {
    env,
  });
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
