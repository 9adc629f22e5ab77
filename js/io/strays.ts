/**
 * Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. `remedy`: what is likely meant, where the
 * names are not those of this call alone.
 */
export function refuseStrays(
  options: object,
  names: readonly string[],
  remedy = `take one of ${names.join(', ')}`,
): void {
  const stray = Object.entries(options).find(([name, value]) => value !== undefined && !names.includes(name));
  if (stray) throw new TypeError(`"${stray[0]}" is not an option; check its name, or ${remedy}`);
}

/** The same by names that the compiler compares with a type. */
export function expectNames(options: object, names: Readonly<Record<string, true>>): void {
  refuseStrays(options, Object.keys(names));
}
