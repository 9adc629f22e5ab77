// The API references, TypeDoc's in api/ and rustdoc's in rust/, as pages of the site: with a policy, and a way back.
import { cp, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { rustDocs, typescriptDocs } from '../../scripts/docs.mjs';
import { ROOT } from '../run.mjs';
import { rootOf } from './layout.mjs';
import { metaOf, referencePolicy } from './policy.mjs';

/** Apart from what `scripts/docs.mjs` checks, which has the private items, too. */
const TARGET = 'target/site';

const TO_CRATE =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>kmseal - Rust</title><meta http-equiv="refresh" content="0;URL=kmseal/index.html"></head>\n<body><p><a href="kmseal/index.html">The crate kmseal</a></p></body></html>\n';

/** @param {string} site the folder of the site */
export async function addReference(site) {
  await typescriptDocs({ out: `${TARGET}/api` });
  await rustDocs({ target: TARGET, privateItems: false });
  await cp(path.join(ROOT, TARGET, 'api'), path.join(site, 'api'), { recursive: true });
  await cp(path.join(ROOT, TARGET, 'doc'), path.join(site, 'rust'), { recursive: true });
  // Where rustdoc's own pages look for the list of all crates.
  await writeFile(path.join(site, 'rust/index.html'), TO_CRATE);
  for (const file of await readdir(site, { recursive: true })) {
    if (!/^(?:api|rust)\/.*\.html$/.test(file)) continue;
    const html = await readFile(path.join(site, file), 'utf8');
    await writeFile(path.join(site, file), belonging(html, file));
  }
}

/** A page of a reference as one of the site. @param {string} html @param {string} file its path in the site */
function belonging(html, file) {
  // A policy allows no script in attributes; rustdoc has some, in links of two pages that lead back.
  const quiet = html.replace(/ on[a-z]+="[^"]*"/g, '').replaceAll('href="javascript:void(0)"', 'href="index.html"');
  const back = `<a href="${rootOf(file)}index.html">kmseal: try it, guides</a>`;
  return quiet
    .replace(/<head>(?:<meta charset="utf-8"\/?>)?/i, (head) => `${head}${metaOf(referencePolicy(quiet))}`)
    .replace(/(<div id="tsd-toolbar-links">)(<\/div>)/, (_, start, end) => start + back + end)
    .replace(/(<nav class="sidebar">)/, (start) => `${start}<p class="block">${back}</p>`);
}
