/** Gives a class with close() the method that `using` calls, where the platform has it. */
export function disposable(target: { prototype: { close(): void } }): void {
  if (!Symbol.dispose) return;
  Object.defineProperty(target.prototype, Symbol.dispose, {
    configurable: true,
    writable: true,
    value(this: { close(): void }) {
      this.close();
    },
  });
}
