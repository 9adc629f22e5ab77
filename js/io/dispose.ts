/**
 * Gives an object with close() the method that `using` calls; its constructor does so. Where the platform has no Symbol.dispose the method has
 * the name by which the helpers of compilers look for it (esbuild, Babel).
 *
 * A method `[Symbol.dispose]` of the class would be called "undefined" where the symbol is missing, and any other computed name, or a call
 * beside the class, keeps the class in every bundle. Marked as pure, such a call is left out by bundlers that compile for older browsers.
 */
export function disposable(target: { close(): void }): void {
  Object.defineProperty(target, Symbol.dispose ?? Symbol.for('Symbol.dispose'), {
    configurable: true,
    writable: true,
    value(this: { close(): void }) {
      this.close();
    },
  });
}
