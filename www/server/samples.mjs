import { readFileSync } from 'node:fs';
import { html, raw } from 'hono/html';
import { copyButton } from './layout.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

/**
 * The markup and scripts of www/ways/ contain some facts of this run, as a reader's own would: they are filled in here, both in what is
 * shown and in what runs.
 *
 * @param {string} text
 * @param {import('./layout.mjs').Facts} facts
 */
export function fillIn(text, { fingerprint, isExperimental, maxFileSize }) {
  // Only the samples of a key that needs it permit experimental keys, since readers copy them.
  const [option, attribute] = isExperimental ? [', experimental: true', ' experimental'] : ['', ''];
  return text
    .replaceAll("'FINGERPRINT'", `'${fingerprint}'${option}`)
    .replaceAll('"FINGERPRINT"', `"${fingerprint}"${attribute}`)
    .replaceAll('MAX_FILE_SIZE', String(maxFileSize));
}

/** @param {string} way @param {import('./layout.mjs').Facts} facts */
export const markupOf = (way, facts) => raw(fillIn(read(`ways/${way}.html`), facts));

/**
 * The complete code of a way, to be read and copied: the page's half and the server's.
 *
 * @param {{ name: string, server: string[] }} way
 * @param {import('./layout.mjs').Facts} facts
 */
export const samplesOf = ({ name, server }, facts) => html`
  <section class="samples" aria-labelledby="samples-title">
    <h2 id="samples-title">All there is to it</h2>
    <p class="quiet">
      Shown as it runs here. Packages come by name through a bundler; <code>/widgets/</code> is this demo’s own and draws the list.
    </p>
    <h3>In the page</h3>
    ${sample(`ways/${name}.html`, facts)}
    ${sample(`ways/${name}.js`, facts)}
    <h3>On the server</h3>
    ${server.map((file) => folded(sample(`server/${file}`, facts), file, read(`server/${file}`)))}
  </section>`;

/** @param {string} file of www/ @param {import('./layout.mjs').Facts} facts */
function sample(file, facts) {
  const name = file.replace(/.*\//, '');
  const id = `sample-${name.replaceAll('.', '-')}`;
  return html`<figure class="sample">
    <figcaption><code>${name}</code> ${copyButton(id, name)}</figcaption>
    <pre tabindex="0" role="region" aria-label="${name}"><code id="${id}">${fillIn(read(file), facts)}</code></pre>
  </figure>`;
}

/** Server files are longer, and readers do not start with them. */
const folded = (figure, name, text) => html`<details class="server-half">
  <summary><code>${name}</code> <span class="quiet">${text.trimEnd().split('\n').length} lines</span></summary>
  ${figure}
</details>`;
