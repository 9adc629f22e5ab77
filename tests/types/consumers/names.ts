// Every exported type of the entries, where a program writes its name; and what goes in and comes out with exactOptionalPropertyTypes.
import {
  type ByteStream,
  type Bytes,
  type CacheOptions,
  type ContextOptions,
  type DecryptInput,
  type DecryptOptions,
  type DecryptOutput,
  type EncryptionAlgorithm,
  type EncryptionContext,
  type FetchKeyOptions,
  type GetPublicKeyOutput,
  type ImportOptions,
  type Inspection,
  KmsPublicKey,
  KmsealError,
  type KmsealErrorCode,
  type KmsealErrorDetails,
  type OpenOptions,
  type OpenRangeOptions,
  type OpenRangeResult,
  type OpenResult,
  Opener,
  type OpenerCacheOptions,
  type OpenerOptions,
  type Progress,
  type RangeSource,
  type ResealOptions,
  type RunOptions,
  type SealOptions,
  type SealStreamOptions,
  type SealedFile,
  Sealer,
  type SealerOptions,
  type WasmSource,
  inspect,
  load,
  reseal,
} from 'kmseal';
import type {
  BeforeSealDetail,
  BeforeSealEvent,
  KmsealFileElement,
  KmsealFileEventMap,
  KmsealFileTexts,
  PluralText,
} from 'kmseal/element';
import {
  type AskOptions,
  type FinishedPart,
  type Retry,
  type ServerAnswer,
  type SignedPut,
  type StoredObject,
  type UploadOptions,
  type UploadProgress,
  type UploadResult,
  type UploadServer,
  uploadSealed,
} from 'kmseal/s3';

// What goes in may be undefined.

type Optional<T> = { [Name in keyof T as Record<never, never> extends Pick<T, Name> ? Name : never]: T[Name] };
/** The options that refuse undefined: there must be none. */
type Strict<T> = {
  [Name in keyof Optional<T>]-?: { [_ in Name]: undefined } extends Pick<T, Name> ? never : Name;
}[keyof Optional<T>];
/** The properties of results that may be undefined although they exist: there must be none. */
type Lenient<T> = {
  [Name in keyof Optional<T>]-?: { [_ in Name]: undefined } extends Pick<T, Name> ? Name : never;
}[keyof Optional<T>];
type None<T extends never> = T;
export type Inputs =
  | None<Strict<CacheOptions>>
  | None<Strict<ContextOptions>>
  | None<Strict<DecryptOutput>>
  | None<Strict<FetchKeyOptions>>
  | None<Strict<GetPublicKeyOutput>>
  | None<Strict<ImportOptions>>
  | None<Strict<OpenOptions>>
  | None<Strict<OpenRangeOptions>>
  | None<Strict<OpenerCacheOptions>>
  | None<Strict<OpenerOptions>>
  | None<Strict<ResealOptions>>
  | None<Strict<RunOptions>>
  | None<Strict<SealOptions>>
  | None<Strict<SealStreamOptions>>
  | None<Strict<SealerOptions>>
  | None<Strict<SignedPut>>
  | None<Strict<StoredObject>>
  | None<Strict<UploadOptions>>;
export type Outputs =
  | None<Lenient<DecryptInput>>
  | None<Lenient<DecryptOptions>>
  | None<Lenient<Inspection>>
  | None<Lenient<OpenRangeResult<Blob>>>
  | None<Lenient<OpenResult<Blob>>>
  | None<Lenient<Progress>>
  | None<Lenient<Retry>>
  | None<Lenient<UploadProgress>>
  | None<Lenient<UploadResult>>
  | None<Lenient<FinishedPart>>
  | None<Lenient<AskOptions>>
  | None<Lenient<KmsealErrorDetails['ERR_UPLOAD']>>
  | None<Lenient<Parameters<UploadServer['signPut']>[0]>>
  | None<Lenient<Parameters<UploadServer['signPart']>[0]>>
  | None<Lenient<Parameters<UploadServer['createMultipartUpload']>[0]>>
  | None<Lenient<Parameters<RangeSource['read']>[2]>>;

// Errors narrow by their code.

const SENTENCES: Partial<Record<KmsealErrorCode, string>> = { ERR_READ: 'Choose the file again.' };
// @ts-expect-error there is no such code
const WRONG: Partial<Record<KmsealErrorCode, string>> = { ERR_NOTHING: '' };

export function sentence(error: unknown): string {
  if (!(error instanceof KmsealError)) return String(error);
  if (error.code === 'ERR_UPLOAD') return `part ${error.part ?? 1} failed with status ${error.status ?? 0}`;
  // @ts-expect-error only uploads have a status
  console.log(error.status, WRONG);
  const code: Exclude<KmsealErrorCode, 'ERR_UPLOAD'> = error.code;
  return SENTENCES[code] ?? `${error.name} ${error.message} ${error.cause}`;
}

export const refused: KmsealError<'ERR_UPLOAD'> = new KmsealError('ERR_UPLOAD', 'refused', {
  status: 403,
  part: undefined,
});
// @ts-expect-error a read has no status
new KmsealError('ERR_READ', 'unreadable', { status: 403 });

// A page's own functions around those of the package.

export async function importKey(answer: GetPublicKeyOutput, options: ImportOptions): Promise<KmsPublicKey> {
  const algorithm: EncryptionAlgorithm = 'RSAES_OAEP_SHA_256';
  return KmsPublicKey.import(answer, { ...options, encryptionAlgorithm: algorithm });
}

export const fetchKey = (url: string, options: FetchKeyOptions) => KmsPublicKey.fetch(url, options);

export async function seal(
  data: Bytes,
  stream: ByteStream,
  source: RangeSource,
  wasm: WasmSource,
  keys: KmsPublicKey[],
  encryptionContext: EncryptionContext,
): Promise<SealedFile> {
  await load(wasm);
  const cache: CacheOptions = { maxAge: 60_000 };
  const settings: SealerOptions = { keys, cache };
  const sealer = new Sealer(settings);
  const contexts: ContextOptions = { encryptionContext };
  const run: RunOptions = { onProgress: ({ loaded, total }: Progress) => console.log(loaded, total) };
  const options: SealOptions = { ...contexts, ...run };
  const streaming: SealStreamOptions = { ...options, size: sealer.sealedSize(3, contexts) };
  await sealer.seal(data, options);
  await sealer.seal(stream, streaming);
  const sealed = await sealer.prepare(source, contexts);
  sealed.stream(run);
  return sealed;
}

export async function open(
  envelope: Blob,
  keyIds: string[],
  sealer: Sealer,
  ask: (input: DecryptInput, options: DecryptOptions) => Promise<DecryptOutput>,
): Promise<number> {
  const cache: OpenerCacheOptions = { maxAge: 60_000, maxMessages: 100 };
  const settings: OpenerOptions = { keyIds, decrypt: ask, cache };
  const opener = new Opener(settings);
  const options: OpenOptions = { encryptionContext: { user: '7' } };
  const part: OpenRangeOptions = { ...options, start: 1, end: 2 };
  const opened: OpenResult<Blob> = await opener.open(envelope, options);
  const range: OpenRangeResult<Blob> = await opener.openRange(envelope, part);
  const moving: ResealOptions = { opener, sealer };
  await reseal(envelope, moving);
  const { plaintextSize }: Inspection = await inspect(envelope);
  return opened.plaintext.size + range.size + (plaintextSize ?? 0);
}

interface Upload {
  id: string;
}

export function upload(
  file: File,
  sealer: Sealer,
  post: (step: string, request: object, options: AskOptions) => Promise<Response>,
): Promise<UploadResult> {
  const part = (request: { upload: Upload }, options: AskOptions): ServerAnswer<SignedPut> =>
    post('signPart', request, options);
  const server: UploadServer<Upload> = {
    createMultipartUpload: (request, options) => post('create', request, options),
    signPart: part,
    completeMultipartUpload: (
      { parts, ...request }: { upload: Upload; size: number; parts: FinishedPart[] },
      options,
    ) => post('complete', { ...request, parts }, options),
    abortMultipartUpload: ({ upload }, options) => post('abort', { id: upload?.id }, options),
    signPut: (request, options) => post('signPut', request, options),
    headObject: async (): Promise<StoredObject> => ({ ContentLength: file.size }),
  };
  const onProgress = ({ loaded, total }: UploadProgress) => console.log(loaded / total);
  const onRetry = ({ part, attempt, delay, error }: Retry) => console.log(part, attempt, delay, error.code);
  const options: UploadOptions<Upload> = {
    sealer,
    server,
    encryptionContext: (file) => ({ size: String(file.size) }),
    onProgress,
    onRetry,
  };
  return uploadSealed(file, options);
}

export function listen(element: KmsealFileElement, count: PluralText): void {
  const texts: Partial<KmsealFileTexts> = { locale: 'de', startedMany: count };
  element.texts = texts;
  element.addEventListener('beforeseal', (event: BeforeSealEvent) => {
    const { file, reject }: BeforeSealDetail = event.detail;
    if (file.size === 0) reject('The file is empty.');
  });
  element.addEventListener('seal', ({ detail }: KmsealFileEventMap['seal']) => console.log(detail.sealed.name));
}
