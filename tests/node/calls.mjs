// Counts the calls into the package's WebAssembly instances: a measure of work that is the same on any machine.

/** Counts for every instance created from now on. */
export function countCalls() {
  const counted = { calls: 0 };
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function Counting(module, imports) {
    const { exports } = new Instance(module, imports);
    const counting = {};
    for (const [name, value] of Object.entries(exports)) {
      counting[name] = typeof value === 'function' ? (...args) => (counted.calls++, value(...args)) : value;
    }
    return Object.create(Instance.prototype, { exports: { value: counting } });
  };
  return counted;
}
