/** In browsers, and wherever nothing else is known: the file beside this module. Bundlers see the expression and emit the file. */
export const wasmSource = (): URL => new URL('./kmseal.wasm', import.meta.url);
