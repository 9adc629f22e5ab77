import { element } from './dom.js';
import { formatCount, formatHex } from './format.js';

/** How many bytes are shown of either end of a long content. */
const EXCERPT = 24;

/**
 * Bytes in their order, coloured by field, next to a table that names the fields.
 *
 * @param {string} title
 * @param {string} size
 * @param {import('./envelope-layout.js').Field[]} fields
 * @param {Blob} envelope
 * @param {number} start where the first field begins
 */
export async function byteMap(title, size, fields, envelope, start) {
  const bytes = element('p', { className: 'bytes', ariaHidden: 'true' });
  const rows = element('tbody');
  let offset = start;
  for (const field of fields) {
    if (field.length === 0) continue;
    const run = element('span', { className: `byte-run kind-${field.kind}` }, await excerpt(envelope, offset, field));
    const row = tableRow(field);
    row.addEventListener('pointerenter', () => run.classList.add('pointed'));
    row.addEventListener('pointerleave', () => run.classList.remove('pointed'));
    bytes.append(run, ' ');
    rows.append(row);
    offset += field.length;
  }
  const heads = ['Field', 'Bytes', 'What it says'].map((textContent) => element('th', { scope: 'col', textContent }));
  const caption = element('caption', { className: 'visually-hidden', textContent: `${title}, field by field` });
  return element(
    'div',
    { className: 'byte-map' },
    element('h4', {}, title, ' ', element('small', { textContent: size })),
    bytes,
    element('table', {}, caption, element('thead', {}, element('tr', {}, ...heads)), rows),
  );
}

/** @param {import('./envelope-layout.js').Field} field */
function tableRow({ name, length, kind, value }) {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('span', { className: `swatch kind-${kind}` }), name),
    element('td', { textContent: formatCount(length) }),
    element('td', { textContent: value }),
  );
}

/** @param {Blob} envelope @param {number} start @param {import('./envelope-layout.js').Field} field */
async function excerpt(envelope, start, { length, kind }) {
  const hex = async (from, to) => formatHex(new Uint8Array(await envelope.slice(from, to).arrayBuffer()), ' ');
  const end = start + length;
  if (kind !== 'content' || length <= 3 * EXCERPT) return hex(start, end);
  const left = formatCount(length - 2 * EXCERPT);
  return `${await hex(start, start + EXCERPT)} … ${left} more … ${await hex(end - EXCERPT, end)}`;
}
