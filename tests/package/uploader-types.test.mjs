// The types of kmseal/tus and kmseal/uppy together with those of the uploaders.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { tsc } from '../support/tarball.mjs';

// The declarations of others, which are most of the time, are checked once, by the stricter way of finding them.
const OURS = { skipLibCheck: true };
// Those of the AWS SDK and of the uploaders do not compile with it themselves.
const EXACT = { ...OURS, exactOptionalPropertyTypes: true };

for (const { module, moduleResolution, options } of [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler', options: OURS },
  { module: 'esnext', moduleResolution: 'bundler', options: EXACT },
]) {
  const how = options === EXACT ? ' and exactOptionalPropertyTypes' : '';
  test(`TypeScript compiles a strict consumer of the uploaders with moduleResolution ${moduleResolution}${how}`, () => {
    // In the project, whose packages it finds, including kmseal by its own name.
    const folder = path.join(ROOT, 'target/uploader-types', `${moduleResolution}${how && '-exact'}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(path.join(ROOT, 'tests/types/uploaders/main.ts'), path.join(folder, 'main.ts'));
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable', 'esnext.disposable'],
      types: ['node'],
      strict: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      noEmit: true,
      ...options,
    };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['main.ts'] }));
    assert.equal(tsc(['--project', folder], ROOT), '');
  });
}
