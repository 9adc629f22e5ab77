import type { Answer, Glue, Header, Locked, OpenerKeys as OpenerKeysHandle, Unlocked } from '#glue';
import type { DataKeyCache } from '../cache/data-keys.js';
import { KmsealError } from '../errors.js';
import { type NamedKey, type Planned, Refused, ask, notUnwrapped } from './asking.js';
import type { OpenerKeys } from './opener-keys.js';
import type { EncryptionAlgorithm, EncryptionContext } from '../types.js';
import { HandedOver } from './unlocked-header.js';

interface Unlocking {
  keys: OpenerKeys | HandedOver;
  expected: EncryptionContext | undefined;
  /** The cache of answers, if this envelope uses it. */
  cache: DataKeyCache | undefined;
  /** Plaintext bytes, if known. */
  total: number | undefined;
  signal: AbortSignal | undefined;
}

/**
 * Has KMS, or a key of the caller's, open the data key, and authenticates the header with it. After any failure in KMS, or an answer that does
 * not fit what was asked, the next matching key is asked, in the order of the opener's keys. A data key of KMS Decrypt that does not fit the
 * header is final; after one of another kind the next is asked, too, since anyone can have put an encrypted data key in front that no error
 * tells from a good one.
 *
 * @throws KmsealError ERR_KMS with the cause, or with all of them as an AggregateError; ERR_CONTEXT, ERR_AUTHENTICATION,
 *   ERR_NO_MATCHING_KEY, ERR_KEY_ID, ERR_ENVELOPE_INVALID
 */
export async function unlock(
  wasm: Glue,
  header: Header,
  { keys, expected, cache, total, signal }: Unlocking,
): Promise<{ unlocked: Unlocked; keyId: string }> {
  if (keys instanceof HandedOver) return keys.unlock(header, expected);
  // An envelope for ECC keys names no ARN of theirs.
  const isForEcc = header.isForEcc();
  const locked = header.expect(expected);
  try {
    const failures: KmsealError[] = [];
    const unknown: KmsealError[] = [];
    // By the ids of keys, whose requests do not change.
    const asked = new Set<string>();
    for await (const { handle, named, isLast } of keys.known(wasm, isForEcc, unknown, signal)) {
      const planned = plan(locked, handle, keys.options.encryptionAlgorithm, isLast ? unknown : undefined);
      const questions = planned.map((request, index) => {
        const key = named[request.key]!;
        const id = `${request.operation} ${key.id} ${Object.values(request.input).join()}`;
        const use = { wasm, id, bytes: total ?? 0, signal };
        const asking = (stop?: AbortSignal) => ask(wasm, locked.request(index)!, request, key, keys.options, stop);
        const work = (answer: Answer) => unlocked(locked, index, answer, key);
        return { key, use, open: () => (cache ? cache.use(use, asking, work) : once(asking(signal), work)) };
      });
      // Cached answers come first: they help while an earlier key is out of reach.
      const answered = questions.filter(({ use }) => cache?.answers(use));
      for (const { key, open } of new Set([...answered, ...questions])) {
        if (asked.has(key.id)) continue;
        try {
          return { unlocked: await open(), keyId: key.name };
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          failures.push(error.error);
        }
      }
      for (const { key } of questions) asked.add(key.id);
    }
    throw allOf([...failures, ...unknown]);
  } finally {
    // Refused headers would wait for the garbage collector, which does not know how large they are.
    locked.free();
  }
}

/**
 * The requests to try. There may be none before the last keys are known, which have `failures`: where KMS did not give a public key, that is why
 * there is none.
 */
function plan(
  locked: Locked,
  handle: OpenerKeysHandle,
  encryptionAlgorithm: EncryptionAlgorithm | undefined,
  failures: readonly KmsealError[] | undefined,
): Planned[] {
  try {
    return locked.candidates(handle, encryptionAlgorithm) as Planned[];
  } catch (error) {
    const { code } = error as KmsealError;
    if (!failures && code) return [];
    throw failures?.length && code === 'ERR_NO_MATCHING_KEY' ? allOf(failures) : error;
  } finally {
    handle.free();
  }
}

function unlocked(locked: Locked, index: number, answer: Answer, { name, raw }: NamedKey): Unlocked {
  try {
    return locked.unlock(index, answer);
  } catch (error) {
    // After a trap this throws, too.
    if (locked.isFinal(index)) throw error;
    throw new Refused(KMSEAL_EVERY_KIND && raw ? notUnwrapped(name) : (error as KmsealError));
  }
}

/** Each failure is reported. What KMS says may pass, or be mended, so its code stands before those of an altered envelope. */
function allOf(failures: readonly KmsealError[]): KmsealError {
  const [first] = failures;
  if (failures.length < 2) return first!;
  const { code } = failures.find((failure) => failure.code === 'ERR_KMS') ?? first!;
  const message = [...new Set(failures.map((failure) => failure.message))].join('; ');
  // What was thrown may be undefined. An answer that does not fit has no cause.
  const causes = failures.map((failure) =>
    failure.code === 'ERR_KMS' && 'cause' in failure ? failure.cause : failure,
  );
  return new KmsealError(code, message, { cause: new AggregateError(causes, message) });
}

/** Uses an answer that is not cached. */
async function once<T>(asked: Promise<Answer>, work: (answer: Answer) => T): Promise<T> {
  const answer = await asked;
  try {
    return work(answer);
  } finally {
    answer.free();
  }
}
