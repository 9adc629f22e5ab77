import bytes from '#wasm-bytes';

/**
 * On servers (the export condition `node`, which Deno and Bun have, too): in the script itself. Servers bundle in many ways; most
 * lose a file next to the script, and some have no `import.meta.url`. Its price is a third more bytes than the file has.
 */
export const wasmSource = (): Uint8Array<ArrayBuffer> => bytes;
