import { element, svgElement } from '/dom.js';
import { frameFields, headerFields, totalLength } from '/envelope-layout.js';
import { formatBytes, formatCount, formatHex, formatShare, formatSize } from '/format.js';

/** Above this many strokes frames are drawn in groups, so that a drawing is never more than a handful of elements. */
const MAX_STROKES = 120;

/** So many bytes are shown of either end of a long content. */
const EXCERPT = 24;

const DRAWING_WIDTH = 10000;
const BAR = 44;
const HEIGHT = 84;

/**
 * Draws an envelope: the whole to scale, then the header and the frames at its ends byte by byte.
 *
 * @param {Blob} envelope
 * @param {import('kmseal').Inspection} info
 * @returns {Promise<HTMLElement[]>}
 */
export async function drawEnvelope(envelope, info) {
  const { headerLength, frameLength, frames, plaintextSize } = info;
  const lastContent = plaintextSize - (frames - 1) * frameLength;
  const firstFrame = frameFields(1, frameLength, false);
  const lastFrame = frameFields(frames, lastContent, true);

  const maps = [await byteMap('The header', `${formatBytes(headerLength)}, readable by all`, headerFields(info), envelope, 0)];
  if (frames > 1) {
    const size = formatBytes(totalLength(firstFrame));
    maps.push(await byteMap(`Frame 1 of ${formatCount(frames)}`, size, firstFrame, envelope, headerLength));
  }
  const lastLength = totalLength(lastFrame);
  const lastTitle = frames > 1 ? `Frame ${formatCount(frames)}, the last` : 'The one frame';
  maps.push(await byteMap(lastTitle, formatBytes(lastLength), lastFrame, envelope, envelope.size - lastLength));

  const summary = element('summary', { textContent: 'Byte by byte' });
  return [wholeToScale(envelope.size, info), element('details', { name: 'byte-by-byte' }, summary, ...maps)];
}

/** @param {number} size @param {import('kmseal').Inspection} info */
function wholeToScale(size, { headerLength, frameLength, frames, plaintextSize }) {
  const x = (/** @type {number} */ byte) => (byte / size) * DRAWING_WIDTH;
  const frameSize = totalLength(frameFields(1, frameLength, false));
  const regular = frames - 1;
  const perStroke = 2 ** Math.ceil(Math.log2(Math.max(regular / MAX_STROKES, 1)));

  let strokes = '';
  for (let frame = perStroke; frame < regular; frame += perStroke) strokes += `M${x(headerLength + frame * frameSize)} 0V${BAR}`;
  const lastStart = x(headerLength + regular * frameSize);
  const headerEnd = x(headerLength);

  const drawing = svgElement(
    'svg',
    { class: 'whole', viewBox: `0 0 ${DRAWING_WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svgElement('polygon', { class: 'lens', points: `0,${BAR} ${headerEnd},${BAR} ${DRAWING_WIDTH},${HEIGHT} 0,${HEIGHT}` }),
    svgElement('rect', { class: 'frames', x: headerEnd, width: Math.max(lastStart - headerEnd, 0), height: BAR }),
    svgElement('rect', { class: 'last-frame', x: lastStart, width: DRAWING_WIDTH - lastStart, height: BAR }),
    svgElement('path', { class: 'frame-edges', d: `${strokes}M${lastStart} 0V${BAR}` }),
    svgElement('rect', { class: 'header', width: headerEnd, height: BAR }),
  );

  const body = frames === 1 ? 'one frame' : `${formatCount(frames)} frames of up to ${formatSize(frameLength)}`;
  const grouped = perStroke > 1 ? ` Each stroke is ${formatCount(perStroke)} frames.` : '';
  const caption = element(
    'figcaption',
    {},
    element('strong', { textContent: 'The envelope, to scale. ' }),
    `${formatBytes(size - plaintextSize)} longer than the file. `,
    element('span', { className: 'swatch header-swatch' }),
    `A header of ${formatBytes(headerLength)}, ${formatShare(headerLength, size)} of it, and `,
    element('span', { className: 'swatch frames-swatch' }),
    `${body}.${grouped}`,
  );
  return element('figure', { className: 'envelope-whole' }, caption, element('div', { className: 'whole-window' }, drawing));
}

/**
 * Bytes in their order, coloured by field, beside a table that names the fields.
 *
 * @param {string} title
 * @param {string} size
 * @param {import('/envelope-layout.js').Field[]} fields
 * @param {Blob} envelope
 * @param {number} start where the first field begins
 */
async function byteMap(title, size, fields, envelope, start) {
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
    'section',
    { className: 'byte-map' },
    element('h4', {}, title, ' ', element('small', { textContent: size })),
    bytes,
    element('table', {}, caption, element('thead', {}, element('tr', {}, ...heads)), rows),
  );
}

/** @param {import('/envelope-layout.js').Field} field */
function tableRow({ name, length, kind, value }) {
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, element('span', { className: `swatch kind-${kind}` }), name),
    element('td', { textContent: formatCount(length) }),
    element('td', { textContent: value }),
  );
}

/** @param {Blob} envelope @param {number} start @param {import('/envelope-layout.js').Field} field */
async function excerpt(envelope, start, { length, kind }) {
  const hex = async (from, to) => formatHex(new Uint8Array(await envelope.slice(from, to).arrayBuffer()), ' ');
  const end = start + length;
  if (kind !== 'content' || length <= 3 * EXCERPT) return hex(start, end);
  const left = formatCount(length - 2 * EXCERPT);
  return `${await hex(start, start + EXCERPT)} … ${left} more … ${await hex(end - EXCERPT, end)}`;
}
