/** Throws unless the callbacks for failures can be called: otherwise nobody would learn why something failed. */
export function expectFunctions(callbacks: Readonly<Record<string, unknown>>): void {
  for (const [name, callback] of Object.entries(callbacks)) {
    if (callback != null && typeof callback !== 'function') throw new TypeError(`${name} must be a function`);
  }
}
