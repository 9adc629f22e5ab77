import type { Glue, OpenerKeys as Handle } from '#glue';
import { type NamedKey, Refused, callOptions, refusedBy } from './asking.js';
import { isMlKem } from './encapsulation.js';
import { notInPages } from '../io/kinds.js';
import { notOurs } from '../io/other-copy.js';
import { Remembered } from '../io/key-fetch.js';
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

/** The keys of an opener, checked. */
export class OpenerKeys {
  readonly options: OpenerKeyOptions;
  /** What KMS GetPublicKey answered, by ARN. */
  readonly #answered = new Remembered<KmsPublicKey>();

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

  /** The keys as an instance has them, in order, and their names. An ARN is asked about if the envelope is for ECC keys. */
  async resolve(
    wasm: Glue,
    isForEcc: boolean,
    signal: AbortSignal | undefined,
  ): Promise<{ handle: Handle; named: NamedKey[]; refused: Refused[] }> {
    const { keyIds = [], keys = [], rawKeys = [] } = this.options;
    const refused: Refused[] = [];
    const known = await Promise.all(
      keys.map(async (key) => {
        if (typeof key !== 'string' || !isForEcc) return key;
        return this.#ask(wasm, key, signal).catch((error: unknown) => {
          if (!(error instanceof Refused)) throw error;
          refused.push(error);
        });
      }),
    );
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
      return { handle, named, refused };
    } catch (error) {
      handle.free();
      throw error;
    }
  }

  /** KMS's public key of an ARN, asked for once. */
  #ask(wasm: Glue, keyId: string, signal: AbortSignal | undefined): Promise<KmsPublicKey> {
    return this.#answered.get(keyId, signal, async (stop) => {
      const answer = await refusedBy(wasm, 'GetPublicKey', keyId, stop, () =>
        this.options.getPublicKey!({ KeyId: keyId }, callOptions(stop)),
      );
      // One that cannot be used must not keep other keys from opening. `experimental` guards what is sealed; what was sealed must open.
      return KmsPublicKey.import(answer ?? '', { keyId, experimental: true }).catch((error: KmsealError) => {
        throw new Refused(error);
      });
    });
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
