// A page that seals what Uppy, tus-js-client and @uppy/tus upload, and a server that opens with the AWS SDK.
import AwsS3 from '@uppy/aws-s3';
import Uppy, { type UppyFile } from '@uppy/core';
import Tus from '@uppy/tus';
import { Opener, type Sealer } from 'kmseal';
import type { UploadServer } from 'kmseal/s3';
import { UploadStore } from 'kmseal/store';
import {
  type Retry,
  type StreamReader,
  type TusOptions,
  type TusResumeOptions,
  type TusSealOptions,
  type TusStreamOptions,
  resumeTusOptions,
  tusOptions,
} from 'kmseal/tus';
import Seal, { type UppySealOptions } from 'kmseal/uppy';
import { Upload } from 'tus-js-client';
import { DecryptCommand, DeriveSharedSecretCommand, GetPublicKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { HeadObjectCommand, ListPartsCommand, type ListPartsCommandInput, type S3Client } from '@aws-sdk/client-s3';

type Meta = { user: string };
type Body = Record<string, never>;

export function main(sealer: Sealer, file: File): void {
  const onRetry = ({ part, attempt, delay, error }: Retry) =>
    console.log(part, attempt, delay, error.code === 'ERR_UPLOAD' && error.status);
  const sealing: TusSealOptions = { sealer, encryptionContext: (file) => ({ size: String(file.size) }), onRetry };
  const options: TusOptions = tusOptions(sealing);
  new Upload(file, {
    ...options,
    endpoint: '/files',
    chunkSize: 2 ** 20,
    onError: (error) => console.log(error.message),
  }).start();
  new Uppy().use(Tus, { ...options, endpoint: '/files' });

  // Uppy's use() does not pass its Meta on to a plugin's options, not even its own plugins'.
  const opts: UppySealOptions = {
    sealer,
    onRetry,
    requiredEncryptionContext: undefined,
    rename: (index, file) => `${index}-${file.meta['user']}`,
  };
  const uppy = new Uppy<Meta, Body>({ meta: { user: '7' } })
    .use(Seal, opts)
    .use(Seal, { sealer, id: 'Second', encryptionContext: { user: '7' }, locale: { strings: { sealing: '…' } } })
    .use(AwsS3, { signRequest: async ({ key }) => ({ url: key }) });
  uppy.on('seal:complete', (files: UppyFile<Meta, Body>[]) => console.log(files[0]?.meta.user));
  const plugin: Seal<Meta, Body> | undefined = uppy.getPlugin('Seal');
  console.log(plugin?.id, Seal.VERSION);
  const kept: UppySealOptions = {
    sealer,
    store: new UploadStore(),
    uploadId: ({ id }) => id,
    uploadName: ({ name }) => name,
  };
  const resumed: Promise<void> | undefined = plugin?.resume('file', kept.uploadId ? 'upload' : '');
  console.log(resumed);

  // Mistakes that the types catch.
  // @ts-expect-error a sealer is needed
  uppy.use(Seal, {});
  // @ts-expect-error a name is text
  uppy.use(Seal, { sealer, rename: (index: number) => index });
  // @ts-expect-error a context holds strings
  tusOptions({ sealer, encryptionContext: { user: 7 } });
}

/** Continues an upload of an earlier page. */
export async function resume(file: File, options: TusResumeOptions): Promise<void> {
  new Upload(file, { ...(await resumeTusOptions(file, options)), endpoint: '/files' }).start();
}

/** Uploads a stream by its reader, while it is still being made. */
export function record(recording: ReadableStream<Uint8Array>, sealer: Sealer, signal: AbortSignal): void {
  const reader = recording.getReader();
  const read: StreamReader = reader;
  const sealing: TusStreamOptions = { sealer, signal, describe: { name: 'recording.webm' }, onRetry: undefined };
  new Upload(reader, { ...tusOptions(reader, sealing), endpoint: '/files', chunkSize: 2 ** 20 }).start();
  const options: TusOptions & { uploadLengthDeferred: true } = tusOptions(recording, { sealer });
  console.log(read, options.uploadLengthDeferred);
  // @ts-expect-error a stream cannot be kept
  tusOptions(reader, { sealer, store: undefined });
  // @ts-expect-error a file has no options of its own
  tusOptions(new File([], ''), { sealer });
}

/** Without a type of its own, also with exactOptionalPropertyTypes. */
export const opener = (kms: KMSClient, keyIds: string[]) =>
  new Opener({ keyIds, decrypt: (input, options) => kms.send(new DecryptCommand(input), options) });

export const eccOpener = (kms: KMSClient, keys: string[]) =>
  new Opener({
    keys,
    getPublicKey: (input, options) => kms.send(new GetPublicKeyCommand(input), options),
    deriveSharedSecret: (input, options) => kms.send(new DeriveSharedSecretCommand(input), options),
  });

/** What S3 has of an upload, as the AWS SDK answers. */
export const asked = (s3: S3Client, input: ListPartsCommandInput): Pick<UploadServer, 'listParts' | 'headObject'> => ({
  listParts: async () => (await s3.send(new ListPartsCommand(input))).Parts ?? [],
  headObject: () => s3.send(new HeadObjectCommand({ Bucket: input.Bucket, Key: input.Key, ChecksumMode: 'ENABLED' })),
});
