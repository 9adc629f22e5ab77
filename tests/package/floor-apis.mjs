// What a script uses of the platform, and since when browsers support it, by MDN's browser-compat-data.
import { createRequire } from 'node:module';
import path from 'node:path';
import { floorTools } from '../../tools/npm.mjs';

/** Our names of browsers, and MDN's. */
export const BROWSERS = { chrome: 'chrome', edge: 'edge', firefox: 'firefox', safari: 'safari', ios_saf: 'safari_ios' };

/** The first version of a browser that has something without a flag; Infinity if none has. */
function since(compat, browser) {
  const all = [compat?.support?.[BROWSERS[browser]] ?? []].flat();
  const versions = all
    .filter(({ flags, prefix, alternative_name: other }) => !flags && !prefix && !other)
    .map(({ version_added: added, version_removed: removed }) =>
      typeof added === 'string' && added !== 'preview' && !removed ? Number(added.replace('≤', '')) : Infinity,
    );
  return Math.min(Infinity, ...versions);
}

export async function platformData() {
  const require = createRequire(path.join(await floorTools(), 'package.json'));
  const {
    api,
    javascript: { builtins },
    webassembly,
  } = require('@mdn/browser-compat-data');
  const acorn = require('acorn');
  const walk = require('acorn-walk');
  const parse = (source, ecmaVersion = 'latest') => acorn.parse(source, { ecmaVersion, sourceType: 'module' });

  const owners = { ...builtins, ...api };
  const globals = { ...api, ...builtins };
  for (const [name, entry] of Object.entries(api))
    if (name.endsWith('_static')) globals[name.replace('_static', '')] = entry;
  // Functions of the window and of workers, such as fetch().
  for (const scope of ['Window', 'WorkerGlobalScope']) {
    for (const [name, entry] of Object.entries(api[scope])) globals[name] ??= entry;
  }
  /** By name: everything that has a member of that name. */
  const members = new Map();
  const add = (name, entry) => entry.__compat && members.set(name, [...(members.get(name) ?? []), entry.__compat]);
  for (const owner of [...Object.values(owners), ...Object.values(builtins.Intl), webassembly.api]) {
    for (const [name, entry] of Object.entries(owner))
      if (name !== '__compat') add(name.replace(/_static$/, ''), entry);
  }
  for (const [name, entry] of Object.entries(globals)) if (entry.__compat) add(name, entry);

  return {
    parse,

    /** By name: what a script uses: a global, `.member`, or `Global.member`. Names that the platform does not have are left out. */
    usesOf(source) {
      const uses = new Map();
      const declared = new Set();
      const tree = parse(source);
      const note = (name, compats) => compats?.length > 0 && uses.set(name, compats);
      /** Members that the script defines itself: newer ones of the platform with the same names cannot be told apart. */
      const own = new Set();
      walk.full(tree, (node) => {
        for (const name of ['id', 'local']) if (node[name]?.type === 'Identifier') declared.add(node[name].name);
        if (node.type === 'VariablePattern') declared.add(node.name);
        if (node.type === 'ObjectExpression') for (const { key } of node.properties) own.add(key?.name);
        if (node.type === 'MethodDefinition' || node.type === 'PropertyDefinition')
          own.add(node.key.type === 'Identifier' && node.key.name);
        if (node.type === 'AssignmentExpression' && node.left.object?.type === 'ThisExpression')
          own.add(node.left.property.name);
      });
      const noteMember = (name) => !own.has(name) && note(`.${name}`, members.get(name));
      walk.full(tree, (node) => {
        if (node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier') {
          const {
            object,
            property: { name },
          } = node;
          if (object.type === 'Identifier' && object.name === 'globalThis')
            return note(name, [globals[name]?.__compat].filter(Boolean));
          const owner = object.type === 'Identifier' && !declared.has(object.name) ? globals[object.name] : undefined;
          const exact = owner?.[`${name}_static`] ?? owner?.[name];
          if (exact?.__compat) note(`${object.name}.${name}`, [exact.__compat]);
          else noteMember(name);
        } else if (node.type === 'ObjectPattern') {
          for (const { key, computed } of node.properties)
            if (key?.type === 'Identifier' && !computed) noteMember(key.name);
        } else if (node.type === 'Identifier' && !declared.has(node.name)) {
          note(node.name, [globals[node.name]?.__compat].filter(Boolean));
        }
      });
      return uses;
    },

    /** The browsers of a floor that have none of these. */
    tooNew: (compats, floor) =>
      Object.keys(floor).filter((browser) => !compats.some((compat) => since(compat, browser) <= floor[browser])),

    /** Proposals that are part of WebAssembly by now. */
    wasmFeature: (name) => webassembly[name].__compat,
  };
}
