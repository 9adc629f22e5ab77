// What the build puts in the place of these names (scripts/build.mjs).

declare module '#wasm-bytes' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '#wasm-module' {
  const module: WebAssembly.Module;
  export default module;
}
