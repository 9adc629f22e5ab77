// The names that the build replaces (scripts/build.mjs).

/** Whether this build has ML-KEM keys, and keys outside KMS: those for servers do. */
declare const KMSEAL_EVERY_KIND: boolean;

/** The name of the .wasm that a script loads, kmseal.wasm or ml-kem.wasm, where it is beside the script, and what loads it by hand. */
declare const KMSEAL_WASM: string;
declare const KMSEAL_WASM_URL: string;
declare const KMSEAL_LOAD: string;

declare module '#wasm-bytes' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

declare module '#wasm-module' {
  const module: WebAssembly.Module;
  export default module;
}
