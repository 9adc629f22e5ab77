/** Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. `remedy`: of what is likely meant. */
export function refuseStrays(options: object, names: readonly string[], remedy: string): void {
  const stray = Object.entries(options).find(([name, value]) => value !== undefined && !names.includes(name));
  if (stray) throw new TypeError(`"${stray[0]}" is not an option; check its name, or ${remedy}`);
}

/** The same where all are named: the compiler compares them with the type. */
export function expectNames(options: object, names: Readonly<Record<string, true>>): void {
  const known = Object.keys(names);
  refuseStrays(options, known, `take one of ${known.join(', ')}`);
}
