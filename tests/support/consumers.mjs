// Consumers of the package: a project that has the tarball, the bundlers, and pages that seal (tests/consumers/app).
import { cpSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { consumerTools } from '../../tools/npm.mjs';
import { installTarball } from './tarball.mjs';

const APP = fileURLToPath(new URL('../consumers/app', import.meta.url));

/** The tarball in a project which sees the tools, with a copy of the app in app/. */
export async function startProject(install = consumerTools) {
  const tools = await install();
  const tarball = installTarball({ within: tools });
  cpSync(APP, path.join(tarball.project, 'app'), { recursive: true });
  const inProject = (...names) => path.join(tarball.project, ...names);
  return {
    ...tarball,
    tools,
    bin: (name) => path.join(tools, 'node_modules', '.bin', name),
    /** A path in the project. */
    inProject,
    /** A tool's module, as the project sees it. */
    tool: (name) => import(pathToFileURL(createRequire(inProject('package.json')).resolve(name)).href),
  };
}

/** The .wasm files in a folder and those below it. */
export function wasmFiles(folder) {
  return readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.wasm'));
}
