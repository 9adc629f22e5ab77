// What the pages load, compressed once: each of them loads some thirty files.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

/** @type {Record<string, string>} */
const TYPES = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** @type {WeakMap<Uint8Array, Promise<Uint8Array<ArrayBuffer>>>} */
const compressed = new WeakMap();
/** By its path. @type {Map<string, { changed: number, body: Uint8Array<ArrayBuffer> }>} */
const read = new Map();

/**
 * Answers with bytes, compressed for clients that accept it.
 *
 * @param {import('hono').Context} c
 * @param {Uint8Array<ArrayBuffer>} body the same object each time
 * @param {string} name the end of which tells the type
 */
export async function send(c, body, name) {
  const headers = { 'content-type': TYPES[path.extname(name)], vary: 'Accept-Encoding' };
  if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(body, 200, headers);
  const small = compressed.get(body) ?? compress(body).then((bytes) => new Uint8Array(bytes));
  compressed.set(body, small);
  return c.body(await small, 200, { ...headers, 'content-encoding': 'gzip' });
}

/**
 * Answers with a file as it is now.
 *
 * @param {import('hono').Context} c
 * @param {string} file
 */
export async function sendFile(c, file) {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return c.notFound();
  let known = read.get(file);
  if (known?.changed !== found.mtimeMs) {
    known = { changed: found.mtimeMs, body: new Uint8Array(await readFile(file)) };
    read.set(file, known);
  }
  return send(c, known.body, file);
}
