import type { Binding } from './binding.js';
import type { Seal, Sealed } from './files.js';
import { pathOf } from './folders.js';
import { KmsPublicKey, KmsealError, Sealer, load } from '../index.js';
import type { ImportOptions, SealOptions } from '../index.js';

function sourceOf(element: HTMLElement): KeySource {
  const names = ['key-src', 'fingerprint', 'key-id', 'key-usage'];
  const [url, fingerprint, keyId, keyUsage] = names.map((name) => element.getAttribute(name));
  const experimental = element.hasAttribute('experimental');
  return { url: url!, fingerprint: fingerprint!, keyId: keyId!, keyUsage: keyUsage!, experimental };
}

/** Where the element's key is, and what pins it. */
export interface KeySource {
  /** The attribute `key-src`. */
  url: string | null;
  fingerprint: string | null;
  keyId: string | null;
  /** KMS's KeyUsage, for an ECC key in PEM or DER. */
  keyUsage: string | null;
  /** Whether it may be an ML-KEM key. */
  experimental: boolean;
}

/** Seals the files of an element: with the page's sealer, or with one of its own. A failed load of that is not cached. */
export class FileSealer {
  readonly #element: HTMLElement;
  readonly #binding: Binding;
  #loading: { sealer: Promise<Sealer>; controller: AbortController } | undefined;

  constructor(element: HTMLElement, binding: Binding) {
    this.#element = element;
    this.#binding = binding;
  }

  /** With the page's current settings, also where it changed them silently. */
  async prepare(): Promise<Seal> {
    this.#binding.recheck();
    const source = sourceOf(this.#element);
    const isDescribed = Boolean(this.#element.getAttribute('meta-name'));
    const { sealer, encryptionContext } = this.#binding.take();
    const used = sealer ?? (await this.#own(source));
    return (file, run) => sealFile(used, file, isDescribed, { ...run, encryptionContext });
  }

  /**
   * Loads the .wasm and the key in parallel, before there is a file, once for all attributes that a script sets in one go. A failed load is
   * repeated with the first file, and reported then.
   */
  loadAhead(): void {
    queueMicrotask(() => {
      if (!this.#element.isConnected) return;
      const source = sourceOf(this.#element);
      const key = this.#binding.sealer || !source.url ? undefined : this.#own(source);
      Promise.all([load(), key]).catch(() => {});
    });
  }

  #own(source: KeySource): Promise<Sealer> {
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

  /** Wipes what its own sealer holds; the next file loads the key again. */
  close(): void {
    const loading = this.#loading;
    this.#loading = undefined;
    loading?.controller.abort();
    loading?.sealer.then(
      (sealer) => sealer.close(),
      () => {},
    );
  }
}

async function loadSealer(source: KeySource, signal: AbortSignal): Promise<Sealer> {
  const { url, fingerprint, keyId, experimental } = source;
  const keyUsage = (source.keyUsage || undefined) as ImportOptions['keyUsage'];
  if (!url) throw new KmsealError('ERR_LOAD', 'this kmseal-file has no key; set its key-src or its property sealer');
  const pins = { keyId: listed(keyId), fingerprint: listed(fingerprint) };
  const keys = await KmsPublicKey.fetch(url, { ...pins, keyUsage, experimental, signal });
  return new Sealer({ keys });
}

/** The values of an attribute, separated by white space; an empty one pins to nothing. */
const listed = (text: string | null) => text?.trim().split(/\s+/);

/** Seals a file, and its description. That of a file from a folder includes its path, or files of one name would be indistinguishable. */
async function sealFile(sealer: Sealer, file: File, isDescribed: boolean, options: SealOptions): Promise<Sealed> {
  if (!isDescribed) return { file: await sealer.seal(file, options), meta: undefined };
  const { encryptionContext, signal, onProgress } = options;
  const sealed = await sealer.prepare(file, { encryptionContext, signal });
  try {
    const meta = new Blob([await sealed.describe({ path: pathOf(file) || undefined })]);
    return { file: await sealed.blob({ signal, onProgress }), meta };
  } finally {
    sealed.close();
  }
}
