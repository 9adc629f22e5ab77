import type { Bytes } from '../types.js';

/**
 * What `load()` takes: where `kmseal.wasm` is, an answer to a request for it, its bytes, or the compiled module (for which servers
 * without lib.dom have no type).
 */
export type WasmSource =
  | string
  | URL
  | Response
  | Bytes
  | (typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object);
