/** All names of a call's options. The compiler refuses a list that lacks one, so that each new option gets its name there. */
export type AllNames<Options, Name> = readonly Name[] &
  ([Exclude<keyof Options, Name>] extends [never] ? unknown : never);

/**
 * Refuses an option that a call does not have: it would be ignored, and what it was to guard would pass. `remedy`: what is likely meant, where the
 * names are not those of this call alone.
 */
export function refuseStrays<Options extends object, Name extends string>(
  options: Options,
  names: AllNames<Options, Name>,
  remedy = `take one of ${names.join(', ')}`,
): void {
  const stray = Object.entries(options).find(([name, value]) => value !== undefined && !names.includes(name as Name));
  if (stray) throw new TypeError(`"${stray[0]}" is not an option; check its name, or ${remedy}`);
}
