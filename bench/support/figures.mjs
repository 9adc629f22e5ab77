// From times to figures, and from figures to a table.

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The name whose median time is the shortest. */
export function quickest(seconds, names) {
  return names.toSorted((a, b) => median(seconds[a]) - median(seconds[b]))[0];
}

/** How many times as fast as `peer` we were: the median over rounds in which both ran. */
export function timesAsFast(seconds, peer, us = 'kmseal') {
  return median(seconds[us].map((ours, round) => seconds[peer][round] / ours));
}

/** Bytes and times to text. */
export function rate(bytes, times) {
  return `${Math.round(bytes / median(times) / 1e6)} MB/s`;
}

/**
 * @typedef {{ what: string, value: number, unit: string, least?: number, most?: number, note?: string,
 *   bars?: Record<string, number> }} Figure bars: rates in MB/s for the chart, ours first;
 * value has to be `least` or more, or `most` or less; without either it is only shown
 */

/** @param {Figure} figure */
export function line({ what, value, unit, least, most, note }) {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  const show = (number) => `${number.toLocaleString('en', { maximumFractionDigits: digits })} ${unit}`;
  const target = least !== undefined ? `>= ${show(least)}` : most !== undefined ? `<= ${show(most)}` : '';
  const met = value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  const verdict = target && (met ? 'ok' : 'MISSED');
  return [what.padEnd(58), show(value).padStart(14), target.padEnd(16), verdict.padEnd(6), note ?? '']
    .join('  ')
    .trimEnd();
}
