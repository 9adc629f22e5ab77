const count = new Intl.NumberFormat('en');
const twoDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** @param {number} value */
export const formatCount = (value) => count.format(value);

/** Exactly. @param {number} bytes */
export const formatBytes = (bytes) => (bytes === 1 ? '1 byte' : `${formatCount(bytes)} bytes`);

/** In three digits. @param {number} bytes */
export function formatSize(bytes) {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return formatBytes(bytes);
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  const value = bytes / 1024 ** power;
  return `${value >= 1000 ? Math.round(value) : threeDigits.format(value)} ${units[power]}`;
}

/** Below this size the overhead of each step dominates, and a rate would mean little. */
const RATE_FROM_BYTES = 32 * 2 ** 20;

/**
 * @param {number} size of the whole in bytes
 * @param {number} milliseconds
 * @param {number} [bytes] that were done in that time, by default all
 * @returns {string} empty where the whole is too small for a rate
 */
export function formatRate(size, milliseconds, bytes = size) {
  if (size < RATE_FROM_BYTES) return '';
  return `${threeDigits.format(bytes / 1000 / Math.max(milliseconds, 0.1))} MB/s`;
}

/** @param {number} milliseconds */
export function formatDuration(milliseconds) {
  if (milliseconds < 1000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${threeDigits.format(milliseconds / 1000)} s`;
}

const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** @param {Date} date */
export const formatTime = (date) => time.format(date);

const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

/** With its day, for what may be of an earlier one. @param {Date} date */
export const formatDay = (date) => day.format(date);

/** @param {number} part @param {number} whole */
export function formatShare(part, whole) {
  const percent = (100 * part) / whole;
  return percent < 0.001 ? 'less than 0.001 %' : `${twoDigits.format(percent)} %`;
}

/** @param {Uint8Array} bytes @param {string} [separator] */
export function formatHex(bytes, separator = '') {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}
