import { svgElement } from './dom.js';

const POINTS = 360;

/**
 * Draws a seal from a key's fingerprint: closed curves whose waves are its bytes. A picture to recognize, not a check:
 * fingerprints are compared as text.
 *
 * @param {SVGSVGElement} svg with the viewBox -50 -50 100 100
 * @param {string} fingerprint `SHA256:` and padded base64
 */
export function drawKeyMark(svg, fingerprint) {
  const bytes = Uint8Array.from(atob(fingerprint.slice(fingerprint.indexOf(':') + 1)), (character) =>
    character.charCodeAt(0),
  );
  const curves = [];
  for (let ring = 0; ring < 4; ring += 1) {
    const own = bytes.subarray(ring * 8, ring * 8 + 8);
    curves.push(svgElement('path', { class: 'mark-curve', d: closedCurve(own, 13 + ring * 6.4) }));
  }
  svg.replaceChildren(
    svgElement('path', { class: 'mark-wax', d: closedCurve(bytes.subarray(8, 16), 45, 0.12) }),
    svgElement('circle', { class: 'mark-rim', r: 38.5 }),
    ...curves,
  );
}

/**
 * @param {Uint8Array} bytes two for each of four waves: how many crests, and where the first stands
 * @param {number} radius
 * @param {number} [depth] of the waves
 */
function closedCurve(bytes, radius, depth = 1) {
  const waves = [0, 2, 4, 6].map((at, order) => ({
    crests: 3 + (bytes[at] % 5) + order * 4,
    phase: (bytes[at + 1] / 256) * 2 * Math.PI,
    height: (depth * 2.6) / (order + 1),
  }));
  let path = '';
  for (let point = 0; point < POINTS; point += 1) {
    const angle = (point / POINTS) * 2 * Math.PI;
    const r = waves.reduce((sum, { crests, phase, height }) => sum + height * Math.sin(crests * angle + phase), radius);
    path += `${point === 0 ? 'M' : 'L'}${(r * Math.cos(angle)).toFixed(2)} ${(r * Math.sin(angle)).toFixed(2)}`;
  }
  return `${path}Z`;
}
