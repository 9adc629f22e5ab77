import { thrownBy } from './thrown.js';
import { isFile } from './value.js';
import { ignoreFailure, isPromise } from '../io/promises.js';

/** The page's decision about a file. */
export type Verdict = { readonly taken: File } | { readonly refused: string };

interface Question {
  file: File;
  signal: AbortSignal;
  /** Called when the page refuses the file after it was accepted, or would have another one in its place, or look at it first. */
  late: (reason: string) => void;
}

/** Asks the page about a file: returns its verdict, or a promise of it if a listener needs time. */
export function ask(element: Node, { file, signal, late }: Question): Verdict | Promise<Verdict> {
  const waits: PromiseLike<unknown>[] = [];
  let open = true;
  let accepted = false;
  let taken = file;
  let refused: string | undefined;
  let stopWaiting: (() => void) | undefined;
  const refuse = (reason = '') => {
    if (!open) return late(String(reason));
    refused ??= String(reason);
    stopWaiting?.();
  };
  const requireOpen = (what: string) => {
    if (open) return;
    // Frameworks whose listeners come late may tell nobody what they throw.
    if (accepted) late('');
    throw new DOMException(
      `${what} came too late, since the file was already taken; call event.waitUntil(promise) before anything is awaited`,
      'InvalidStateError',
    );
  };
  const replace = (other: File) => {
    requireOpen('replace()');
    if (!isFile(other)) throw new TypeError('replace() takes a File; make one by new File([blob], name, { type })');
    taken = other;
  };
  const event = new CustomEvent('beforeseal', {
    bubbles: true,
    composed: true,
    cancelable: true,
    detail: { file, signal, reject: refuse, replace },
  });
  Object.assign(event, {
    // The class's own would ignore a late call silently.
    preventDefault() {
      CustomEvent.prototype.preventDefault.call(event);
      refuse();
    },
    waitUntil(promise: PromiseLike<unknown>) {
      requireOpen('waitUntil()');
      // Thrown here, the error would end the listener, and the file would be sealed though it was never looked at.
      const wait = isPromise(promise)
        ? promise
        : Promise.reject(new TypeError('waitUntil() takes a promise; call the function, and return its promise'));
      ignoreFailure(wait);
      waits.push(wait);
    },
  });
  const verdict = (): Verdict => {
    open = false;
    accepted = refused === undefined;
    return refused === undefined ? { taken } : { refused };
  };
  for (const cause of thrownBy(element, () => element.dispatchEvent(event))) {
    const error = new Error('a listener of beforeseal threw, so the file is not sealed; its error is the cause', {
      cause,
    });
    const failed = Promise.reject(error);
    ignoreFailure(failed);
    waits.push(failed);
  }
  // `returnValue = false` calls no method.
  if (event.defaultPrevented) refuse();
  if (waits.length === 0 || refused !== undefined) return verdict();
  const stopped = new Promise<void>((resolve) => (stopWaiting = resolve));
  return Promise.race([stopped, allOf(waits)]).then(verdict, (error: unknown) => {
    open = false;
    throw error;
  });
}

/** Waits for all promises, also for those that are added meanwhile. */
async function allOf(promises: readonly PromiseLike<unknown>[]): Promise<void> {
  for (let seen = 0; seen < promises.length; ) {
    seen = promises.length;
    await Promise.all(promises);
  }
}
