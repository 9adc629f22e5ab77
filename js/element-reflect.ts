/** Gives a class properties that read and write an attribute; frameworks look for properties first. */
export function reflect(
  target: { prototype: HTMLElement },
  attributes: { strings: Readonly<Record<string, string>>; booleans: Readonly<Record<string, string>> },
): void {
  const define = (property: string, accessors: PropertyDescriptor & ThisType<HTMLElement>) =>
    Object.defineProperty(target.prototype, property, { configurable: true, enumerable: true, ...accessors });
  for (const [property, attribute] of Object.entries(attributes.strings)) {
    define(property, {
      get() {
        return this.getAttribute(attribute) ?? '';
      },
      set(value: unknown) {
        if (value === null || value === undefined) this.removeAttribute(attribute);
        else this.setAttribute(attribute, String(value));
      },
    });
  }
  for (const [property, attribute] of Object.entries(attributes.booleans)) {
    define(property, {
      get() {
        return this.hasAttribute(attribute);
      },
      set(value: unknown) {
        this.toggleAttribute(attribute, Boolean(value));
      },
    });
  }
}

/** Sets again, through their accessors, properties that were set before the element was defined. */
export function upgradeProperties(element: HTMLElement, names: readonly string[]): void {
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(element, name);
    if (!own) continue;
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, own.value);
  }
}
