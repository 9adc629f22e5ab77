// What users write, under the compiler's strictest settings; tests/package/consumers.test.mjs compiles it against the tarball.
import { expectTypeOf } from 'expect-type';
import {
  KmsPublicKey,
  KmsealError,
  Opener,
  RsaPublicKey,
  Sealer,
  generateRandom,
  inspect,
  load,
  reseal,
  type DecapsulateInput,
  type DecapsulateOutput,
  type DeriveSharedSecretInput,
  type DeriveSharedSecretOutput,
  type EncryptionContext,
  type GetPublicKeyInput,
  type GetPublicKeyOutput,
  type InspectedDataKey,
  type KmsealErrorCode,
  type OaepHash,
  type OpenOptions,
  type OpenerOptions,
  type RangeSource,
  type RawImportOptions,
  type RawKey,
  type RawPublicKeyOutput,
  type SealOptions,
  type SealedFile,
  type SealerCacheOptions,
} from 'kmseal';
import { KmsealFileElement } from 'kmseal/element';
import 'kmseal/define';
import { uploadSealed, type UploadResult, type UploadServer } from 'kmseal/s3';

// The SDK's inputs and outputs, with their optional fields.
interface Kms {
  getPublicKey(): Promise<{
    KeyId?: string | undefined;
    PublicKey?: Uint8Array<ArrayBuffer> | undefined;
    KeySpec?: 'RSA_4096' | 'ECC_NIST_P256' | undefined;
  }>;
  send(
    input: {
      KeyId: string;
      CiphertextBlob: Uint8Array;
      EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' | 'RSAES_OAEP_SHA_256';
    },
    options: { abortSignal?: AbortSignal | undefined },
  ): Promise<{ KeyId?: string; Plaintext?: Uint8Array }>;
}
declare const kms: Kms;
declare const answer: GetPublicKeyOutput;

export async function main(file: File, signal: AbortSignal): Promise<void> {
  await load(new URL('https://example.com/kmseal.wasm'));
  const key: KmsPublicKey = await KmsPublicKey.import(await kms.getPublicKey(), { fingerprint: 'SHA256:' });
  await KmsPublicKey.import(answer);
  const blob: Uint8Array<ArrayBuffer> = key.encrypt(generateRandom(16));
  const { plaintext, ciphertextBlob }: { plaintext: Uint8Array<ArrayBuffer>; ciphertextBlob: Uint8Array<ArrayBuffer> } =
    key.generateDataKey();
  const context: EncryptionContext = { user: '7' };
  const options: SealOptions = {
    encryptionContext: context,
    signal,
    onProgress: ({ loaded, total }) => console.log(loaded / (total ?? 1)),
  };
  const sealer = new Sealer({ keys: [key], cache: { maxAge: 60_000 }, engine: 'webcrypto' });
  const sealed: Blob = await sealer.seal(file, options);
  const bytes: Uint8Array<ArrayBuffer> = await sealer.seal(new DataView(plaintext.buffer, 1), options);
  const stream: ReadableStream<Uint8Array<ArrayBuffer>> = await sealer.seal(file.stream(), {
    ...options,
    size: file.size,
  });
  const prepared: SealedFile = await sealer.prepare(file, options);
  const part: Blob = await prepared.slice(0, prepared.size, { signal });
  // Any value, and bytes in any kind of memory; shared memory is refused at run time.
  for (const source of [ciphertextBlob, blob, bytes, part, stream, bytes as Uint8Array])
    await sealer.seal(source, options);
  prepared.close();

  const opener = new Opener({
    keyIds: [key.keyId],
    decrypt: (input, { signal }) => kms.send(input, { abortSignal: signal }),
    cache: { maxAge: 60_000, capacity: 10 },
  });
  const expected: OpenOptions = { encryptionContext: context, signal };
  const opened: { plaintext: Blob; encryptionContext: EncryptionContext; keyId: string } = await opener.open(
    sealed,
    expected,
  );
  const frames: number | undefined = (await inspect(opened.plaintext)).frames;
  const size: number | undefined = (await opener.openRange(sealed, { start: -10 })).size;
  const range: ReadableStream<Uint8Array<ArrayBuffer>> = (
    await opener.openRange(
      { size: sealed.size, read: async (start, end) => await sealed.slice(start, end).arrayBuffer() },
      { start: 0, end: 10, ...expected },
    )
  ).plaintext;
  const moved: Blob = await reseal(sealed, { opener, sealer, signal });
  const source: RangeSource = {
    size: 10,
    read: async (start, end, { signal }) => (signal?.aborted ? new ArrayBuffer(0) : new Uint8Array(end - start)),
  };
  console.log(frames, size, range, moved);

  // Exactly these, where an annotation would let any pass.
  type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;
  expectTypeOf(sealer.seal(file)).toEqualTypeOf<Promise<Blob>>();
  expectTypeOf(sealer.seal(bytes)).toEqualTypeOf<Promise<Uint8Array<ArrayBuffer>>>();
  expectTypeOf(sealer.seal(stream)).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(sealer.seal(file as Blob | Uint8Array)).toEqualTypeOf<
    Promise<Blob | Uint8Array<ArrayBuffer> | Stream>
  >();
  expectTypeOf(sealer.prepare(file)).toEqualTypeOf<Promise<SealedFile>>();
  expectTypeOf((await opener.open(sealed)).plaintext).toEqualTypeOf<Blob>();
  expectTypeOf((await opener.open(bytes)).plaintext).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf((await opener.open(stream)).plaintext).toEqualTypeOf<Stream>();
  expectTypeOf((await opener.openRange(sealed)).plaintext).toEqualTypeOf<Blob>();
  expectTypeOf(reseal(bytes, { opener, sealer })).toEqualTypeOf<Promise<Uint8Array<ArrayBuffer>>>();
  expectTypeOf(sealer.seal(source, options)).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(sealer.prepare(source)).toEqualTypeOf<Promise<SealedFile>>();
  expectTypeOf((await opener.open(source, { idleTimeout: 30_000 })).plaintext).toEqualTypeOf<Stream>();
  expectTypeOf(
    (await opener.openRange(source, { start: 0, end: 10, idleTimeout: 30_000 })).plaintext,
  ).toEqualTypeOf<Stream>();
  expectTypeOf(reseal(source, { opener, sealer, idleTimeout: 30_000 })).toEqualTypeOf<Promise<Stream>>();
  expectTypeOf(key.fingerprint).toEqualTypeOf<string>();
  expectTypeOf<KmsealError['code']>().toEqualTypeOf<KmsealErrorCode>();

  // Mistakes that the types catch.
  // @ts-expect-error a context holds strings
  await sealer.seal(file, { encryptionContext: { user: 7 } });
  // @ts-expect-error the length of bytes is known
  await sealer.seal(bytes, { size: 7 });
  // @ts-expect-error text is not sealed
  await sealer.seal('text');
  // @ts-expect-error there is no such engine
  new Sealer({ keys: [key], engine: 'native' });
  // @ts-expect-error a key is imported
  new KmsPublicKey();
  // @ts-expect-error the opener needs keys
  new Opener({ decrypt: async () => ({}) });
}

interface EccKms {
  getPublicKey(input: GetPublicKeyInput): Promise<GetPublicKeyOutput>;
  derive(input: DeriveSharedSecretInput): Promise<DeriveSharedSecretOutput>;
  decapsulate(input: DecapsulateInput): Promise<DecapsulateOutput>;
}

export async function otherKinds(
  kms: EccKms,
  privateKey: CryptoKey,
  hash: OaepHash,
  signal: AbortSignal,
): Promise<void> {
  const ecc = await KmsPublicKey.import('PEM', { keyId: 'arn:', keyUsage: 'KEY_AGREEMENT' });
  const names: RawImportOptions = { keyNamespace: 'hsm', keyName: 'offline', hash };
  const file: RawPublicKeyOutput = { keyNamespace: 'hsm', keyName: 'offline', hash: 'SHA-1', PublicKey: 'AA==' };
  const raw: RsaPublicKey = await RsaPublicKey.import('PEM', names);
  await RsaPublicKey.import(file);
  const cache: SealerCacheOptions = { maxAge: 1000, keepSender: true };
  const sealed = await new Sealer({ keys: [ecc, raw], cache }).seal(new Uint8Array());
  const deriveSharedSecret = (input: DeriveSharedSecretInput) => kms.derive(input);
  const offline: RawKey = { keyNamespace: raw.keyNamespace, keyName: raw.keyName, hash: raw.hash, privateKey };
  const hsm: RawKey = {
    keyNamespace: 'hsm',
    keyName: 'b',
    unwrap: async (bytes, { signal }) => (signal ? bytes : bytes),
  };
  const options: OpenerOptions = { rawKeys: [offline, hsm] };
  for (const opener of [
    new Opener(options),
    new Opener({ keys: [ecc], deriveSharedSecret }),
    new Opener({ keyIds: ['arn:'], decapsulate: (input) => kms.decapsulate(input) }),
    new Opener({ keys: ['arn:'], getPublicKey: (input) => kms.getPublicKey(input), deriveSharedSecret, ...options }),
  ])
    await opener.open(sealed, { signal });
  const found: InspectedDataKey[] = (await inspect(sealed)).encryptedDataKeys;
  expectTypeOf(found[0]!.fingerprint).toEqualTypeOf<string | undefined>();
  expectTypeOf(ecc.encryptionAlgorithm).toEqualTypeOf<'RSAES_OAEP_SHA_256' | 'RSAES_OAEP_SHA_1' | undefined>();
  // @ts-expect-error only these two usages seal
  await KmsPublicKey.import('PEM', { keyUsage: 'SIGN_VERIFY' });
}

export function form(sealer: Sealer): void {
  const element = document.createElement('kmseal-file');
  element.sealer = sealer;
  element.encryptionContext = { user: '7' };
  element.texts = { missing: 'Wähle eine Datei.', notReady: 'Bitte laden Sie die Seite neu.' };
  element.keySrc = '/kms-public-key.json';
  element.required = element.multiple = true;
  const files: readonly File[] = document.querySelector('kmseal-file')!.files;
  element.addEventListener('beforeseal', (event) => {
    if (event.detail.file.size > 1_000_000) event.preventDefault();
  });
  document.addEventListener('beforeseal', (event) => event.waitUntil(event.detail.file.text()));
  element.addEventListener('seal', ({ detail: { file, sealed } }) => console.log(file.name, sealed.size, files.length));
  element.addEventListener('sealerror', function ({ detail }) {
    console.log(this.validationMessage, tell(detail.error));
  });
  element.addEventListener('focus', (event: FocusEvent) => console.log(event.relatedTarget));
  const own: KmsealFileElement = element;
  customElements.define('my-file', class extends KmsealFileElement {});
  console.log(own.form?.action, own.validity.valueMissing);
  // @ts-expect-error a context holds strings
  element.encryptionContext = { user: 7 };
  // @ts-expect-error there is no such text
  element.texts = { hello: '' };
  element.encryptionContext = JSON.stringify({ user: '7' });
  element.encryptionContext = null;
  element.files = [new File([], 'a')];
  element.files = document.querySelector('input')!.files;
  element.value = '';
  // @ts-expect-error Blobs have no names
  element.files = [new Blob([])];
}

export async function upload(file: File, sealer: Sealer, signal: AbortSignal): Promise<string> {
  const post = (step: string) => (request: object, options: { signal: AbortSignal }) =>
    fetch(step, { method: 'POST', body: JSON.stringify(request), signal: options.signal });
  const server: UploadServer = {
    createMultipartUpload: post('create'),
    signPart: post('part'),
    completeMultipartUpload: post('complete'),
    abortMultipartUpload: post('abort'),
    signPut: post('put'),
  };
  const result: UploadResult = await uploadSealed(file, { sealer, server, encryptionContext: { user: '7' }, signal });
  await uploadSealed(file, {
    sealer,
    server: {
      signPut: ({ size }) => ({ url: '/' + size }),
      createMultipartUpload: async () => ({ key: 'a' }),
      // What createMultipartUpload answers is known to the others.
      signPart: async ({ upload, number }) => ({
        url: '/' + upload.key + number,
        headers: { 'content-type': 'text/plain' },
      }),
      completeMultipartUpload: ({ parts }) => parts.map(({ ETag }) => ETag),
      abortMultipartUpload: ({ upload }) => upload?.key,
    },
    onProgress: ({ loaded, total }) => console.log(loaded / total),
    resume: async (error) => error.code === 'ERR_UPLOAD' && (error.status ?? 0) >= 500 && error.part === 1,
  });
  // @ts-expect-error all of them are needed
  await uploadSealed(file, { sealer, server: { signPut: post('put') } });
  return JSON.stringify([result.size, result.completed]);
}

export function tell(error: unknown): string {
  if (!(error instanceof KmsealError)) throw error;
  const code: KmsealErrorCode = error.code;
  // @ts-expect-error there is no such code
  if (code === 'ERR_NONE') return '';
  return code === 'ERR_SOURCE_CHANGED' ? 'choose it again' : error.message;
}
