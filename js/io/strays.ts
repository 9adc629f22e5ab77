/** Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. */
export function refuseStrays(options: object, names: readonly string[], remedy: string): void {
  const stray = Object.keys(options).find((name) => !names.includes(name));
  if (stray !== undefined) throw new TypeError(`"${stray}" is not an option; ${remedy}`);
}

/** A fingerprint in place of the options, or under another name, pins nothing. So without one, no option may be unknown. */
export function requirePin(options: { fingerprint?: unknown }, more: readonly string[]): void {
  if (options.fingerprint === undefined)
    refuseStrays(options, ['fingerprint', ...more], 'hand over a fingerprint as { fingerprint }');
}
