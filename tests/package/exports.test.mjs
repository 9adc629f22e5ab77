// What strangers meet: no entry exports a type that neither a signature nor an example needs, and every name says what it is.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';

const DIST = path.join(ROOT, 'dist');
const read = (...file) => readFileSync(path.join(...file), 'utf8');
const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');

const declarations = new Map(
  readdirSync(DIST, { recursive: true })
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => [file, read(DIST, file)]),
);
/** All that the declarations refer to; a declaration names itself, and an import or export nothing new. */
const references = [...declarations.values()]
  .map((text) =>
    withoutComments(text)
      .replace(/^(?:import|export)(?: type)? \{[^}]*\} from [^;]*;/gm, '')
      .replace(/\b(?:interface|type|class|const) \w+/g, ''),
  )
  .join('\n');
const CONSUMERS = path.join(ROOT, 'tests/types');
const examples = readdirSync(CONSUMERS, { recursive: true })
  .filter((file) => /\.(?:tsx?|vue|svelte)$/.test(file))
  .map((file) => withoutComments(read(CONSUMERS, file)).replace(/^import [^;]*;/gm, ''))
  .join('\n');

/** The names of types that an entry exports, by the entry: from other files, or declared in its own. */
function typesOf(entry) {
  const text = withoutComments(declarations.get(`${entry}.d.ts`));
  const lists = Array.from(text.matchAll(/^export (type )?\{([^}]*)\}/gm), ([, isType, names]) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name && (isType || name.startsWith('type ')))
      .map((name) => name.replace(/^type /, '')),
  );
  const own = Array.from(text.matchAll(/^export (?:declare )?(?:interface|type) (\w+)/gm), ([, name]) => name);
  return [...new Set([...lists.flat(), ...own])];
}

/** The entries that have types of their own. Those of frameworks are types only: tests/package/types.test.mjs compiles what is written with each. */
const ENTRIES = Object.values(JSON.parse(read(ROOT, 'package.json')).exports)
  .filter((target) => target.types && target.default)
  .map(({ types }) => path.basename(types, '.d.ts'))
  .filter((entry) => typesOf(entry).length > 0);

test('entries with types are found', () => {
  assert.ok(['index', 'store', 'uppy'].every((entry) => ENTRIES.includes(entry)));
});

for (const entry of ENTRIES) {
  test(`every type that ${entry} exports is needed by a signature and used in an example`, () => {
    const types = typesOf(entry);
    const used = (text) => (name) => new RegExp(`\\b${name}\\b`).test(text);
    assert.deepEqual(
      types.filter((name) => !used(references)(name)),
      [],
      'no signature needs them',
    );
    assert.deepEqual(
      types.filter((name) => !used(examples)(name)),
      [],
      'no example uses them',
    );
  });

  test(`every exported type of ${entry}, and each of its members, is described`, () => {
    const names = typesOf(entry);
    const silent = [];
    for (const text of declarations.values()) {
      for (const [, comment, name, body] of text.matchAll(
        /((?:\*\/\n)?)^export interface (\w+)[^{]*\{\n([^]*?)^\}/gm,
      )) {
        if (!names.includes(name)) continue;
        // Where an interface adds to a class, the class is described.
        if (!comment && !text.includes(`class ${name} `)) silent.push(name);
        const described = new Set(Array.from(body.matchAll(/\*\/\n {4}(?:readonly )?(\w+)/g), ([, member]) => member));
        const members = new Set(
          Array.from(body.matchAll(/^ {4}(?:readonly )?(\w+)(?=[?(:<])/gm), ([, member]) => member),
        );
        for (const member of members) if (!described.has(member)) silent.push(`${name}.${member}`);
      }
    }
    assert.deepEqual(silent, []);
  });
}
