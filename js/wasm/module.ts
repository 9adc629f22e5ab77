import module from '#wasm-module';

/**
 * In workerd and in Next's edge runtime (the export conditions `workerd` and `edge-light`), which compile no bytes at run time: a
 * module that the bundler imports. Nothing can check its hash there, so the bundle is trusted.
 */
export const wasmSource = (): WebAssembly.Module => module;
