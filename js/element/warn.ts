/** Tells the page's authors what goes wrong without an error. */
export function warn({ localName }: { localName: string }, what: string): void {
  console.warn(`kmseal: a ${localName} ${what}`);
}
