import { withDeadline } from './deadline.js';
import type { Binding } from './element-binding.js';
import type { Seal, Sealed } from './element-files.js';
import { KmsPublicKey, KmsealError, Sealer } from './index.js';
import type { SealOptions } from './index.js';

/** How the files of an element are sealed as its page says now. */
export async function prepareSeal(binding: Binding, own: OwnSealer, element: HTMLElement): Promise<Seal> {
  const [url, fingerprint, keyId, metaName] = ['key-src', 'fingerprint', 'key-id', 'meta-name'].map((name) => element.getAttribute(name));
  const described = Boolean(metaName);
  const { sealer, encryptionContext } = binding.take();
  const used = sealer ?? (await own.get({ url: url!, fingerprint: fingerprint!, keyId: keyId!, described }));
  return (file, run) => sealFile(used, file, described, { ...run, encryptionContext });
}

/** Where the element's key is, and what is known about it from elsewhere. */
export interface KeySource {
  /** The attribute `key-src`. */
  url: string | null;
  fingerprint: string | null;
  keyId: string | null;
  /** Whether each file is sealed with a description. */
  described: boolean;
}

/**
 * Both envelopes of a file are begun in one tick, so a data key for two of them is one for a file and its description. It is
 * kept no longer than they need it.
 */
const CACHE = { maxAge: 1000, maxMessagesEncrypted: 2 };

/** The sealer of an element whose page gives it none. A failed load is not kept. */
export class OwnSealer {
  #loading: { sealer: Promise<Sealer>; controller: AbortController } | undefined;

  get(source: KeySource): Promise<Sealer> {
    if (!this.#loading) {
      const controller = new AbortController();
      const loading = { sealer: loadSealer(source, controller.signal), controller };
      this.#loading = loading;
      loading.sealer.catch(() => {
        if (this.#loading === loading) this.#loading = undefined;
      });
    }
    return this.#loading.sealer;
  }

  /** Wipes what it holds; the next get() loads anew. */
  close(): void {
    const loading = this.#loading;
    this.#loading = undefined;
    loading?.controller.abort();
    loading?.sealer.then((sealer) => sealer.close(), () => {});
  }
}

async function loadSealer({ url, fingerprint, keyId, described }: KeySource, signal: AbortSignal): Promise<Sealer> {
  const source = await fetchKey({ url, pinned: Boolean(fingerprint && keyId) }, signal);
  const keys = await KmsPublicKey.import(source, { keyId: keyId ?? undefined, fingerprint: fingerprint ?? undefined });
  return new Sealer({ keys, cache: described ? CACHE : undefined });
}

async function fetchKey({ url, pinned }: { url: string | null; pinned: boolean }, signal: AbortSignal): Promise<string> {
  if (!url) throw new KmsealError('ERR_LOAD', 'this kmseal-file has no key; set its key-src or its property sealer');
  const resolved = resolve(url);
  requirePin(resolved, pinned);
  try {
    return await withDeadline(async (signal) => {
      const response = await fetch(resolved, { credentials: 'same-origin', signal });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      // Where a redirect ended.
      requirePin(response.url, pinned);
      return response.text();
    }, signal);
  } catch (cause) {
    if (cause instanceof KmsealError) throw cause;
    throw new KmsealError('ERR_LOAD', `the public key could not be loaded from ${resolved}`, { cause });
  }
}

function resolve(url: string): string {
  try {
    return new URL(url, document.baseURI).href;
  } catch (cause) {
    throw new KmsealError('ERR_LOAD', `key-src ${url} is no URL`, { cause });
  }
}

/** Another origin may give out any key, and with it any key id. */
function requirePin(url: string, pinned: boolean): void {
  if (pinned || new URL(url).origin === location.origin) return;
  const message = `the public key at ${url} is of another origin; set fingerprint and key-id, so that only the right one is taken`;
  throw new KmsealError('ERR_KEY_FINGERPRINT', message);
}

/** Seals a file, and with it, under the same cached data key, what describes it. */
async function sealFile(sealer: Sealer, file: File, described: boolean, options: SealOptions): Promise<Sealed> {
  const { onProgress, ...rest } = options;
  // Nothing may be awaited between the two: each reserves its use of the data key at once.
  const describing = described ? sealer.seal(description(file), rest) : undefined;
  const sealing = sealer.seal(file, { ...rest, onProgress });
  const [sealed, meta] = await Promise.all([sealing, describing]);
  return { file: sealed, meta };
}

function description({ name, type, size, lastModified }: File): Blob {
  return new Blob([JSON.stringify({ name, type, size, lastModified })]);
}
