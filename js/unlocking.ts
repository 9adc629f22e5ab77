import type { Answer, Locked, Unlocked } from '#glue';
import { throwIfAborted } from './abort.js';
import { viewOf } from './bytes.js';
import type { DataKeyCache } from './data-key-cache.js';
import { KmsealError } from './errors.js';
import { type Instance, call, free } from './load.js';
import type { DecryptInput, DecryptOptions, DecryptOutput, EncryptionAlgorithm } from './types.js';

export interface UnlockOptions {
  keyIds: readonly string[];
  decrypt: (input: DecryptInput, options: DecryptOptions) => Promise<DecryptOutput>;
  encryptionAlgorithm: EncryptionAlgorithm | undefined;
  /** Where answers are kept, if this envelope takes part in it. */
  cache: DataKeyCache | undefined;
  /** Plaintext bytes, where they are known. */
  total: number | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Has KMS decrypt the data key and authenticates the header with it. Whatever fails in KMS, the next matching key is asked, in the
 * order of keyIds; an answer that does not fit the header is final.
 *
 * @throws KmsealError ERR_KMS with the cause, or with all of them as an AggregateError; ERR_CONTEXT, ERR_AUTHENTICATION,
 *   ERR_NO_MATCHING_KEY, ERR_KEY_ID, ERR_ENVELOPE_INVALID
 */
export async function unlock(on: Instance, locked: Locked, options: UnlockOptions): Promise<{ unlocked: Unlocked; keyId: string }> {
  const { keyIds, encryptionAlgorithm, cache, total, signal } = options;
  let left = true;
  const work = (answer: Answer) => {
    left = false;
    return call(on, () => locked.authenticate(answer));
  };
  try {
    const inputs = call(on, () => locked.candidates([...keyIds], encryptionAlgorithm)) as DecryptInput[];
    const questions = inputs.map((input) => ({ input, id: `${input.KeyId} ${input.CiphertextBlob}` }));
    // What is answered already comes first: it helps while a key before it is out of reach.
    const answered = questions.filter(({ id }) => cache?.answers(on, id, total ?? 0));
    const failures: KmsealError[] = [];
    for (const { input, id } of new Set([...answered, ...questions])) {
      const ask = (stop?: AbortSignal) => decrypt(on, input, options, stop);
      try {
        const unlocked = await (cache ? cache.use(on, id, total ?? 0, signal, ask, work) : once(on, ask(signal), work));
        return { unlocked, keyId: input.KeyId };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        failures.push(error.error);
      }
    }
    throw allOf(failures);
  } finally {
    // Refused headers would wait for the garbage collector, which does not see how large they are.
    if (left) free(on, locked);
  }
}

/** KMS failed for one encrypted data key. */
class Refused {
  constructor(readonly error: KmsealError) {}
}

function allOf(failures: KmsealError[]): KmsealError {
  if (failures.length === 1) return failures[0]!;
  const message = failures.map((failure) => failure.message).join('; ');
  return new KmsealError('ERR_KMS', message, { cause: new AggregateError(failures.map(({ cause }) => cause), message) });
}

async function decrypt(on: Instance, input: DecryptInput, options: UnlockOptions, signal?: AbortSignal): Promise<Answer> {
  // A copy: what the caller makes of it must not change what its answer is held against.
  const copy = { ...input, CiphertextBlob: input.CiphertextBlob.slice() };
  let answer: DecryptOutput;
  try {
    // Under both names, so that the options can be passed on to the AWS SDK as they are.
    answer = await options.decrypt(copy, { signal, abortSignal: signal });
    throwIfAborted(signal);
  } catch (cause) {
    throwIfAborted(signal);
    throw new Refused(explained(on, cause, input.KeyId));
  }
  if (answer?.KeyId !== input.KeyId) {
    throw new KmsealError('ERR_KMS', 'KMS answered for another key than it was asked about; decrypt must pass its input on unchanged');
  }
  // No bytes are as wrong as too few, and the core says so.
  const { Plaintext } = answer;
  return call(on, (wasm) => new wasm.Answer(ArrayBuffer.isView(Plaintext) ? viewOf(Plaintext) : new Uint8Array()));
}

/** What an error of the AWS SDK may tell. */
interface SdkError {
  name?: unknown;
  /** Of Node, where there was no answer. */
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
}

function explained(on: Instance, cause: unknown, keyId: string): KmsealError {
  const { name = 'an error', code, $metadata } = (cause ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode ?? 0;
  const adviceOn = (word: unknown) => (typeof word === 'string' ? call(on, (wasm) => wasm.kmsAdvice(word)) : undefined);
  const [byName, byCode] = [adviceOn(name), adviceOn(code)];
  // An answer without a name of KMS is that of something on the way.
  const sentence = byName ?? byCode ?? (status >= 500 ? adviceOn('InternalFailure') : undefined);
  const failed = "the call to KMS Decrypt failed; its error is this error's cause";
  const shown = byName === undefined && byCode !== undefined ? code : name;
  return new KmsealError('ERR_KMS', `${sentence ?? failed} (${shown} for ${keyId})`, { cause });
}

/** Uses an answer that is not kept. */
async function once<T>(on: Instance, asked: Promise<Answer>, work: (answer: Answer) => T): Promise<T> {
  const answer = await asked;
  try {
    return work(answer);
  } finally {
    free(on, answer);
  }
}
