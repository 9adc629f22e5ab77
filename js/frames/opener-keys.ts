import type { Glue, OpenerKeys as Handle } from '#glue';
import { type NamedKey, Refused, callOptions, refusedBy } from './asking.js';
import { isMlKem } from './encapsulation.js';
import { notInPages } from '../io/kinds.js';
import { notOurs } from '../io/other-copy.js';
import { ignoreFailure } from '../io/promises.js';
import { NOT_NEEDED, Remembered } from '../io/key-fetch.js';
import { unlessAborted } from '../io/abort.js';
import { KmsPublicKey } from '../key.js';
import type { KmsealError } from '../errors.js';
import type { OpenerKeyOptions } from './opener-options.js';
import type { RawKey } from '../types.js';

const OPERATIONS = {
  decrypt: 'Decrypt',
  getPublicKey: 'GetPublicKey',
  deriveSharedSecret: 'DeriveSharedSecret',
  decapsulate: 'Decapsulate',
};

/** Keys of an opener, in order. */
interface KnownKeys {
  /** As an instance has them. */
  readonly handle: Handle;
  readonly named: NamedKey[];
  /** Whether no more of them will be known. */
  readonly isLast: boolean;
}

/** The keys of an opener, checked. */
export class OpenerKeys {
  readonly options: OpenerKeyOptions;
  /** What KMS GetPublicKey answers, by ARN, and the keys that have come. */
  readonly #answered = new Remembered<KmsPublicKey>();
  readonly #found = new Map<string, KmsPublicKey>();

  constructor(options: OpenerKeyOptions) {
    const { keyIds, decrypt, keys, getPublicKey, deriveSharedSecret, decapsulate, rawKeys, encryptionAlgorithm } =
      options;
    const calls = { decrypt, getPublicKey, deriveSharedSecret, decapsulate };
    const need = (name: keyof typeof OPERATIONS) => {
      if (typeof calls[name] !== 'function')
        throw new TypeError(`${name} must be a function that calls KMS ${OPERATIONS[name]}`);
    };
    if (keyIds ?? keys ?? rawKeys) {
      checkList(keyIds, (id) => typeof id === 'string', 'keyIds must be an array of key ARNs');
      if (KMSEAL_EVERY_KIND) checkList(rawKeys, isRaw, RAW_KEYS);
      else if (rawKeys) notInPages();
    } else
      throw new TypeError(
        'keyIds must be given with decrypt, or keys with deriveSharedSecret, or rawKeys, or unlocked',
      );
    if (!KMSEAL_EVERY_KIND && keyIds && decapsulate && !decrypt) notInPages();
    if (keyIds && !(KMSEAL_EVERY_KIND && decapsulate)) need('decrypt');
    checkList(keys, Boolean, KEYS);
    for (const key of keys ?? []) {
      if (typeof key !== 'string' && !(key instanceof KmsPublicKey)) throw notOurs(key, 'KmsPublicKey', 'keys', KEYS);
      if (typeof key === 'string') need('getPublicKey');
      need(callFor(key));
    }
    for (const name of Object.keys(calls) as (keyof typeof OPERATIONS)[]) if (calls[name] !== undefined) need(name);
    const copy = <T>(list: readonly T[] | undefined) => list && [...list];
    this.options = { ...calls, encryptionAlgorithm, keyIds: copy(keyIds), keys: copy(keys), rawKeys: copy(rawKeys) };
  }

  /**
   * The keys that are known, in order, and again whenever KMS has answered for another one: an answer that does not come must not hold up the
   * other keys. An ARN is asked about if the envelope is for ECC keys; why there is no key of one is added to `unknown`.
   */
  async *known(
    wasm: Glue,
    isForEcc: boolean,
    unknown: KmsealError[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<KnownKeys> {
    const asked = new Set<Promise<unknown>>();
    const stop = new AbortController();
    for (const key of new Set(isForEcc ? this.options.keys : [])) {
      if (typeof key !== 'string' || this.#found.has(key)) continue;
      const told = this.#ask(wasm, key, stop.signal).catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error;
        unknown.push(error.error);
      });
      const answered = told.finally(() => asked.delete(answered));
      ignoreFailure(answered);
      asked.add(answered);
    }
    try {
      for (;;) {
        const isLast = asked.size === 0;
        yield { ...this.#made(wasm, isForEcc), isLast };
        if (isLast) return;
        await unlessAborted(Promise.race(asked), signal);
      }
    } finally {
      // What is still asked is left to the next envelope.
      stop.abort(signal?.aborted ? undefined : NOT_NEEDED);
    }
  }

  /** The keys that are known, as an instance has them, and their names. */
  #made(wasm: Glue, isForEcc: boolean): Omit<KnownKeys, 'isLast'> {
    const { keyIds = [], keys = [], rawKeys = [] } = this.options;
    const known = keys.map((key) => (typeof key === 'string' && isForEcc ? this.#found.get(key) : key));
    const handle = new wasm.OpenerKeys();
    const named: NamedKey[] = [];
    try {
      for (const key of [...keyIds, ...known]) {
        if (typeof key === 'string') handle.addKeyId(key);
        else if (key) handle.addKey(key.handle());
        const name = typeof key === 'string' ? key : key?.keyId;
        if (name) named.push({ name, id: name });
      }
      for (const [index, raw] of KMSEAL_EVERY_KIND ? rawKeys.entries() : []) {
        handle.addRaw(raw.keyNamespace, raw.keyName);
        const name = `${raw.keyNamespace}/${raw.keyName}`;
        named.push({ name, id: `${index} ${name}`, raw });
      }
      return { handle, named };
    } catch (error) {
      handle.free();
      throw error;
    }
  }

  /** KMS's public key of an ARN, asked for once. */
  async #ask(wasm: Glue, keyId: string, signal: AbortSignal): Promise<void> {
    const answered = this.#answered.get(keyId, signal, async (stop) => {
      const answer = await refusedBy(wasm, 'GetPublicKey', keyId, stop, () =>
        this.options.getPublicKey!({ KeyId: keyId }, callOptions(stop)),
      );
      // One that cannot be used must not keep other keys from opening. `experimental` guards what is sealed; what was sealed must open.
      return KmsPublicKey.import(answer ?? '', { keyId, experimental: true }).catch((error: KmsealError) => {
        throw new Refused(error);
      });
    });
    this.#found.set(keyId, await answered);
  }
}

const KEYS = 'an array of KmsPublicKey, or with getPublicKey of key ARNs';
const RAW_KEYS =
  "rawKeys must be an array of { keyNamespace, keyName } with unwrap, or with privateKey: a CryptoKey of RSA-OAEP for 'decrypt'";

function checkList<T>(list: readonly T[] | undefined, isOne: (item: T) => boolean, mustBe: string): void {
  if (list === undefined || (Array.isArray(list) && list.length > 0 && list.every(isOne))) return;
  throw new TypeError(mustBe);
}

const isRsa = (key: KmsPublicKey | string) => typeof key !== 'string' && key.keySpec.startsWith('RSA_');

/** What opens for a key; an ARN is that of an ECC key. */
function callFor(key: KmsPublicKey | string): keyof typeof OPERATIONS {
  if (isRsa(key)) return 'decrypt';
  return KMSEAL_EVERY_KIND && typeof key !== 'string' && isMlKem(key.keySpec) ? 'decapsulate' : 'deriveSharedSecret';
}

/** By what it does: a CryptoKey of another realm is of another class. */
function isRaw(key: RawKey): boolean {
  const { keyNamespace, keyName, hash, privateKey, unwrap } = Object(key) as Partial<RawKey>;
  if (typeof keyNamespace !== 'string' || typeof keyName !== 'string') return false;
  if (!privateKey) return typeof unwrap === 'function';
  const { name, hash: own } = Object(privateKey.algorithm) as { name?: string; hash?: { name?: string } };
  const decrypts = name === 'RSA-OAEP' && privateKey.usages?.includes('decrypt');
  return Boolean(decrypts) && unwrap === undefined && (hash === undefined || hash === own?.name);
}
