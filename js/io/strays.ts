/** Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. */
export function refuseStrays(options: object, names: readonly string[], remedy: string): void {
  const stray = Object.keys(options).find((name) => !names.includes(name));
  if (stray !== undefined) throw new TypeError(`"${stray}" is not an option; ${remedy}`);
}
