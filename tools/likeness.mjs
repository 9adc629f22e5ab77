// The order of a .wasm's functions in which it compresses best: each one behind the one that it is most like.
//
// wasm-opt sorts functions by their names alone (--reorder-functions-by-name). So they get the names that sort in the order wanted: the names
// that rustc gave, which bring together what belongs to one module, make the package 0.8 KB larger. The price is this file, and that names in
// debuggers, which the package has none of anyway, would be numbers.

/** Bytes that are looked at together: an instruction or two. */
const GRAM = 4;

/** Reads the binary format (WebAssembly 2.0, 5.2.2: integers are LEB128). */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  number() {
    let number = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++];
      number += (byte & 127) * factor;
      if (byte < 128) return number;
    }
  }

  /** A vector of bytes, or what is as long as the number in front says. */
  sized() {
    const length = this.number();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

const leb = (number) => (number < 128 ? [number] : [(number & 127) | 128, ...leb(number >> 7)]);
const sized = (bytes) => [...leb(bytes.length), ...bytes];

/** The contents of the sections, by their ids (5.5.2), but custom ones. */
function sections(wasm) {
  const reader = new Reader(wasm, 8);
  const found = new Map();
  while (reader.at < wasm.length) {
    const id = wasm[reader.at++];
    found.set(id, reader.sized());
  }
  return found;
}

/** How many functions are imported: they come first in the numbering (5.5.5). */
function importedFunctions(section) {
  const reader = new Reader(section);
  let functions = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.sized();
    reader.sized();
    const kind = section[reader.at++];
    if (kind !== 0) throw new Error('tools/likeness.mjs: the .wasm imports something other than functions');
    reader.number();
    functions++;
  }
  return functions;
}

/** The groups of bytes in each function's code that stand in others, too, with their weights: the more of them have it, the less it says. */
function weighed(codes) {
  const grams = codes.map(
    (code) => new Set(Array.from({ length: Math.max(0, code.length - GRAM + 1) }, (_, at) => code.readUInt32LE(at))),
  );
  const counts = new Map();
  for (const gram of grams.flatMap((set) => [...set])) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  return grams.map(
    (set) =>
      new Map([...set].flatMap((gram) => (counts.get(gram) > 1 ? [[gram, 1 / Math.log2(1 + counts.get(gram))]] : []))),
  );
}

const sum = (weights) => [...weights.values()].reduce((total, weight) => total + weight, 0);

/** The indexes of the functions in their new order, which the same code always has. */
function ordered(codes) {
  const weights = weighed(codes);
  const norms = weights.map((one) => Math.sqrt(sum(one)) || 1);
  const likeness = (a, b) => {
    let shared = 0;
    for (const [gram, weight] of weights[a]) if (weights[b].has(gram)) shared += weight;
    return shared / norms[a] / norms[b];
  };
  const left = new Set(codes.keys());
  let last = codes.reduce((shortest, code, at) => (code.length < codes[shortest].length ? at : shortest), 0);
  const order = [];
  for (;;) {
    order.push(last);
    left.delete(last);
    if (left.size === 0) return order;
    let most = -1;
    let next;
    for (const at of left) {
      const like = likeness(last, at);
      if (like > most) [most, next] = [like, at];
    }
    last = next;
  }
}

/** The same .wasm, whose functions have names that sort as they should stand. @param {Buffer} wasm without names */
export function namedByLikeness(wasm) {
  const found = sections(wasm);
  const reader = new Reader(found.get(10));
  const codes = Array.from({ length: reader.number() }, () => reader.sized());
  const imported = importedFunctions(found.get(2) ?? Buffer.from([0]));
  const places = new Map(ordered(codes).map((at, place) => [at, place]));
  // The section "name" (7.4.1) with its part for functions alone.
  const names = codes.flatMap((_, at) => [
    ...leb(imported + at),
    ...sized(Buffer.from(String(places.get(at)).padStart(6, '0'))),
  ]);
  const functions = [1, ...sized([...leb(codes.length), ...names])];
  const custom = [0, ...sized([...sized(Buffer.from('name')), ...functions])];
  return Buffer.concat([wasm, Buffer.from(custom)]);
}
