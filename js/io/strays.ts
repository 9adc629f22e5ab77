/** Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. */
export function refuseStrays(options: object, names: readonly string[], remedy: string): void {
  const stray = Object.entries(options).find(([name, value]) => value !== undefined && !names.includes(name));
  if (stray) throw new TypeError(`"${stray[0]}" is not an option; ${remedy}`);
}
