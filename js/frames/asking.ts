import type { Answer, Glue, Request } from '#glue';
import { throwIfAborted } from '../io/abort.js';
import { withLeadingZeros } from '../io/browser.js';
import { type Chunk, viewOf } from '../io/bytes.js';
import { KmsealError } from '../errors.js';
import { requireSubtleCrypto } from './engine.js';
import type { DecryptOptions, RawKey } from '../types.js';

/** A request that the core planned. */
export interface Planned {
  readonly operation: keyof typeof CALLS | 'unwrap';
  /** Which of the opener's keys, by its index. */
  readonly key: number;
  /** KMS's own, or the ciphertext for an own key. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** One of an opener's keys, for results and errors. */
export interface NamedKey {
  readonly name: string;
  /** Tells apart several keys with one name. */
  readonly id: string;
  readonly raw?: RawKey;
}

/** KMS, or a key of the caller's, failed for one encrypted data key: another one may do. */
export class Refused {
  constructor(readonly error: KmsealError) {}
}

/** Bytes of a data key (docs/format.md). */
const DATA_KEY_BYTES = 32;

/** The option that performs an operation. */
const CALLS = { Decrypt: 'decrypt', DeriveSharedSecret: 'deriveSharedSecret', Decapsulate: 'decapsulate' } as const;

/** Under both names, so that the options can be passed on to the AWS SDK as they are. */
export const callOptions = (signal: AbortSignal | undefined): DecryptOptions => ({
  ...(signal && { signal, abortSignal: signal }),
});

/** What a call of the caller's gives; a failure of it is {@link Refused}. */
export async function refusedBy<T>(
  wasm: Glue,
  operation: string,
  name: string,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await call();
    throwIfAborted(signal);
    return answer;
  } catch (cause) {
    throwIfAborted(signal);
    throw new Refused(explained(wasm, operation, cause, name));
  }
}

/** The fields of KMS's answers that are looked at. */
interface Answered {
  KeyId?: unknown;
  KeyAgreementAlgorithm?: unknown;
  EncapsulationAlgorithm?: unknown;
  Plaintext?: unknown;
  SharedSecret?: unknown;
}

/** What was answered, as the core judges it; an own key says nothing but bytes. */
interface Given {
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly bytes: Chunk;
}

/** Has a planned request answered. */
export async function ask(
  wasm: Glue,
  request: Request,
  { operation, input }: Planned,
  { name, raw }: Pick<NamedKey, 'name' | 'raw'>,
  options: { readonly [call in (typeof CALLS)[keyof typeof CALLS]]?: unknown },
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    if (KMSEAL_EVERY_KIND && raw)
      return await unwrap(wasm, request, input['ciphertext'] as Uint8Array<ArrayBuffer>, { name, raw }, signal);
    const option = CALLS[operation as keyof typeof CALLS];
    const call = options[option] as ((input: unknown, options: DecryptOptions) => Promise<Answered>) | undefined;
    if (!call)
      throw new Refused(
        new KmsealError(
          'ERR_NO_MATCHING_KEY',
          `the envelope names a key for KMS ${operation}, and the opener has no ${option}`,
        ),
      );
    const answer = await refusedBy(wasm, operation, name, signal, () => call(input, callOptions(signal)));
    const { KeyId, KeyAgreementAlgorithm, EncapsulationAlgorithm, Plaintext, SharedSecret } = answer ?? {};
    const algorithm = KeyAgreementAlgorithm ?? EncapsulationAlgorithm;
    const bytes = bytesOf(Plaintext ?? SharedSecret);
    return accepted(request, { keyId: textOf(KeyId), algorithm: textOf(algorithm), bytes });
  } finally {
    request.free();
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
/** Missing bytes are as wrong as too few, and the core reports it. */
const bytesOf = (value: unknown) => (ArrayBuffer.isView(value) ? viewOf(value) : new Uint8Array());

/** The error of an own key: one for all that can be wrong, so that nobody learns from it which. */
export function notUnwrapped(name: string): KmsealError {
  const message = `the private key of ${name} does not open the envelope: it was altered, or sealed for another key of this name, hash or encryption context`;
  return new KmsealError('ERR_AUTHENTICATION', message);
}

/** The data key, by a key of the caller's. */
async function unwrap(
  wasm: Glue,
  request: Request,
  ciphertext: Uint8Array<ArrayBuffer>,
  { name, raw }: { name: string; raw: RawKey },
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const { privateKey, unwrap } = raw;
  if (unwrap) {
    // Anything but bytes, such as base64, is a mistake in it, and tells nothing about the envelope.
    const call = async () => viewOf(await unwrap(ciphertext, callOptions(signal)), 'what unwrap returns');
    const given = await refusedBy(wasm, 'unwrap', name, signal, call);
    return accepted(request, { bytes: given }, notUnwrapped(name));
  }
  requireSubtleCrypto();
  const decrypted = await crypto.subtle.decrypt('RSA-OAEP', privateKey!, ciphertext).catch(() => undefined);
  throwIfAborted(signal);
  if (!decrypted) throw new Refused(notUnwrapped(name));
  const dataKey = withLeadingZeros(viewOf(decrypted), DATA_KEY_BYTES);
  try {
    return accepted(request, { bytes: dataKey }, notUnwrapped(name));
  } finally {
    dataKey.fill(0);
  }
}

/** The answer, if the request can have it. Otherwise another key may open, as after a failed call; `own` is the error of an own key. */
function accepted(request: Request, { keyId, algorithm, bytes }: Given, own?: KmsealError): Answer {
  try {
    return request.accept(keyId, algorithm, bytes);
  } catch (error) {
    // After a trap no key opens.
    if ((error as KmsealError).code !== 'ERR_KMS') throw error;
    throw new Refused(own ?? (error as KmsealError));
  }
}

/** The fields of an AWS SDK error. */
interface SdkError {
  name?: unknown;
  /** Set by Node, where there was no answer. */
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
}

function explained(wasm: Glue, operation: string, cause: unknown, keyName: string): KmsealError {
  const { name = 'an error', code, $metadata } = (cause ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  const adviceOn = (word: unknown) => (typeof word === 'string' ? wasm.kmsAdvice(operation, word) : undefined);
  const [byName, byCode] = [adviceOn(name), adviceOn(code)];
  // An answer without a KMS error name comes from something in between.
  const sentence = byName ?? byCode ?? (status >= 500 ? adviceOn('InternalFailure') : undefined);
  const what = KMSEAL_EVERY_KIND && operation === 'unwrap' ? operation : `the call to KMS ${operation}`;
  const failed = `${what} failed; its error is this error's cause`;
  const shown = byName === undefined && byCode !== undefined ? code : name;
  return new KmsealError('ERR_KMS', `${sentence ?? failed} (${shown} for ${keyName})`, { cause });
}
