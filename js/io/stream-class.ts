/** A class of streams, and whether the page's Response knows it. */
interface StreamClass {
  readonly Stream: typeof ReadableStream;
  readonly known: boolean;
}

let chosen: (StreamClass & { of: readonly unknown[] }) | undefined;

/**
 * Our streams are of a class that the page's Response knows. A polyfill may have replaced one of the two, and Response converts an
 * unknown stream to the text "[object ReadableStream]".
 */
export function streamClass(): StreamClass {
  const { ReadableStream: Own, Response } = globalThis;
  if (!chosen || chosen.of[0] !== Own || chosen.of[1] !== Response) {
    const Stream = [Own, enginesClass()].find((candidate) => candidate && isKnown(candidate));
    chosen = { Stream: Stream ?? Own ?? nodesClass(), known: Stream !== undefined, of: [Own, Response] };
  }
  return chosen;
}

/** The class of the engine's own streams. */
function enginesClass(): typeof ReadableStream | undefined {
  const { Response } = globalThis;
  return (Response && new Response('').body?.constructor) as typeof ReadableStream | undefined;
}

/** Test runners with their own DOM may hide it. */
function nodesClass(): typeof ReadableStream {
  return globalThis.process.getBuiltinModule('node:stream/web').ReadableStream as typeof ReadableStream;
}

/** A text has a type, and a stream has none (Fetch, "extract a body"). */
function isKnown(Stream: typeof ReadableStream): boolean {
  const { Response } = globalThis;
  return Boolean(Response) && new Response(new Stream()).headers.get('content-type') === null;
}
