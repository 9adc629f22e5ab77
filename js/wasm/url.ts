/** In browsers, and wherever nothing else is known: the file beside this module. Bundlers see the expression and emit the file. */
export const wasmSource = (): URL => new URL(KMSEAL_WASM_URL, import.meta.url);
