import { byteMap } from './byte-map.js';
import { element, line, svgElement } from './dom.js';
import { frameFields, headerFields, keyNameOf, totalLength } from './envelope-layout.js';
import { formatBytes, formatCount, formatHex, formatShare, formatSize } from './format.js';

/** Above this many strokes frames are drawn in groups, so that a drawing is never more than a handful of elements. */
const MAX_STROKES = 120;

/** How many bytes are shown of the wrapped key. */
const WRAPPED_EXCERPT = 24;

/** Units of the drawing's width, which is stretched to the page's. */
const WIDTH = 10_000;
const BAR = 44;
const HEIGHT = 76;

/** The share of the width that the header takes once it is magnified; styles/envelope.css has the same. */
const LENS = 2 / 3;

/**
 * Draws an envelope: the whole to scale, its header magnified, and, folded, the header and the frames at its ends byte by byte.
 *
 * @param {Blob} envelope
 * @param {import('kmseal').Inspection} info
 * @returns {Promise<HTMLElement[]>}
 */
export async function drawEnvelope(envelope, info) {
  const whole = element(
    'figure',
    { className: 'envelope-whole' },
    caption(envelope.size, info),
    toScale(envelope.size, info),
    element('div', { className: 'magnified' }, await magnifiedHeader(envelope, info), letter(info)),
    line(
      'Bound together by the message id, the key commitment and the header’s tag: nothing can be swapped, cut or added unnoticed.',
    ),
  );
  const summary = element('summary', { textContent: 'Byte by byte' });
  return [whole, element('details', {}, summary, ...(await byteMaps(envelope, info)))];
}

/** @param {number} size @param {import('kmseal').Inspection} info */
function caption(size, { headerLength, frameLength, frames, plaintextSize }) {
  const perStroke = framesPerStroke(frames);
  const body = frames === 1 ? 'one frame' : `${formatCount(frames)} frames of up to ${formatSize(frameLength)}`;
  const grouped = perStroke > 1 ? ` Each stroke is ${formatCount(perStroke)} frames.` : '';
  return element(
    'figcaption',
    {},
    element('strong', { textContent: 'The envelope, to scale. ' }),
    `${formatBytes(size - plaintextSize)} longer than the file. `,
    element('span', { className: 'swatch header-swatch' }),
    `A header of ${formatBytes(headerLength)}, ${formatShare(headerLength, size)} of it, and `,
    element('span', { className: 'swatch frames-swatch' }),
    `${body}.${grouped}`,
  );
}

/** @param {number} frames */
const framesPerStroke = (frames) => 2 ** Math.ceil(Math.log2(Math.max((frames - 1) / MAX_STROKES, 1)));

/** @param {number} size @param {import('kmseal').Inspection} info */
function toScale(size, { headerLength, frameLength, frames }) {
  const x = (/** @type {number} */ byte) => (byte / size) * WIDTH;
  const frameSize = totalLength(frameFields(1, frameLength, false));
  const regular = frames - 1;

  let strokes = '';
  const perStroke = framesPerStroke(frames);
  for (let frame = perStroke; frame < regular; frame += perStroke)
    strokes += `M${x(headerLength + frame * frameSize)} 0V${BAR}`;
  const lastStart = x(headerLength + regular * frameSize);
  const headerEnd = x(headerLength);

  return svgElement(
    'svg',
    { class: 'whole', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svgElement('rect', { class: 'frames', x: headerEnd, width: Math.max(lastStart - headerEnd, 0), height: BAR }),
    svgElement('rect', { class: 'last-frame', x: lastStart, width: WIDTH - lastStart, height: BAR }),
    svgElement('path', { class: 'frame-edges', d: `${strokes}M${lastStart} 0V${BAR}` }),
    svgElement('rect', { class: 'header', width: headerEnd, height: BAR }),
    svgElement('path', { class: 'lens', d: `M0 ${BAR}V${HEIGHT}M${headerEnd} ${BAR}L${LENS * WIDTH} ${HEIGHT}` }),
  );
}

/** @param {Blob} envelope @param {import('kmseal').Inspection} info */
async function magnifiedHeader(envelope, info) {
  const context = Object.entries(info.encryptionContext).map(([key, value]) => `${key} = ${value}`);
  const wrapped = await wrappedBytes(envelope, info);
  return element(
    'dl',
    { className: 'header-parts' },
    part(
      'address',
      'Address and note',
      'Readable by all: which key it is for, the encryption context, sizes.',
      [...info.encryptedDataKeys.map(keyNameOf), ...context].join('\n'),
    ),
    part('wrapped', 'Wrapped key', `The key of this one file, ${howWrapped(info)}.`, `${formatHex(wrapped, ' ')} …`),
  );
}

/** @param {import('kmseal').Inspection} info where it has several keys, the first is described */
function howWrapped({ encryptedDataKeys: [{ keySpec, keyName, providerId }] }) {
  const byKms = 'Only KMS unwraps it, and only for those whom the key’s policy allows';
  if (keySpec?.startsWith('ECC'))
    return `encrypted under a secret that only a key of the page, now gone, and KMS can agree on. ${byKms}`;
  if (keyName !== undefined)
    return 'encrypted with a public key that is not one of KMS. Only the holder of its private key unwraps it';
  if (providerId.includes('ml-kem'))
    return `encrypted under a secret that was encapsulated for KMS, safe from quantum computers. ${byKms}`;
  return `encrypted with the public key. ${byKms}`;
}

/** @param {string} kind @param {string} name @param {string} says @param {string} bytes */
const part = (kind, name, says, bytes) =>
  element(
    'div',
    { className: `header-part header-${kind}` },
    element('dt', { textContent: name }),
    element('dd', { className: 'quiet', textContent: says }),
    element('dd', { className: 'header-bytes', textContent: bytes }),
  );

/** @param {Blob} envelope @param {import('kmseal').Inspection} info */
async function wrappedBytes(envelope, info) {
  let start = 0;
  for (const { kind, length } of headerFields(info)) {
    // The ciphertext comes after its length, which has two bytes.
    if (kind === 'wrapped')
      return new Uint8Array(await envelope.slice(start + 2, start + 2 + WRAPPED_EXCERPT).arrayBuffer());
    start += length;
  }
  return new Uint8Array();
}

/** @param {import('kmseal').Inspection} info */
function letter({ frames }) {
  const what =
    frames === 1
      ? 'The file, in one frame with its tag.'
      : `The file, in ${formatCount(frames)} frames with a tag each.`;
  return element(
    'div',
    { className: 'letter' },
    element('p', { className: 'letter-title', textContent: 'Letter' }),
    line(`${what} Nobody reads it without the key.`),
  );
}

/** @param {Blob} envelope @param {import('kmseal').Inspection} info */
async function byteMaps(envelope, info) {
  const { headerLength, frameLength, frames, plaintextSize } = info;
  const firstFrame = frameFields(1, frameLength, false);
  const lastFrame = frameFields(frames, plaintextSize - (frames - 1) * frameLength, true);
  const maps = [
    await byteMap('The header', `${formatBytes(headerLength)}, readable by all`, headerFields(info), envelope, 0),
  ];
  if (frames > 1) {
    const size = formatBytes(totalLength(firstFrame));
    maps.push(await byteMap(`Frame 1 of ${formatCount(frames)}`, size, firstFrame, envelope, headerLength));
  }
  const lastLength = totalLength(lastFrame);
  const lastTitle = frames > 1 ? `Frame ${formatCount(frames)}, the last` : 'The one frame';
  maps.push(await byteMap(lastTitle, formatBytes(lastLength), lastFrame, envelope, envelope.size - lastLength));
  return maps;
}
