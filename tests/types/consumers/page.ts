// A page: what it writes to seal a chosen file and to use the element.
import { type DescriptionFields, KmsPublicKey, type SealedFileState, Sealer, load } from 'kmseal';
import 'kmseal/define';
import {
  type FileHandle,
  type ListedPart,
  type ResumeOptions,
  type StreamUploadOptions,
  type StreamUploadProgress,
  type StreamUploadServer,
  type UploadServer,
  type UploadState,
  type UploadStorage,
  resumeSealed,
  uploadSealed,
} from 'kmseal/s3';
import { type KeptUpload, UploadStore, type UploadStoreOptions } from 'kmseal/store';

export async function main(file: File): Promise<number> {
  await load('/kmseal.wasm');
  const key = await KmsPublicKey.import(await (await fetch('/kms-public-key.json')).json());
  const sealer = new Sealer({ keys: [key] });
  const sealed: Blob = await sealer.seal(file, {
    encryptionContext: { user: '7' },
    onProgress: ({ loaded, total }) => console.log(loaded, total),
  });
  const stream: ReadableStream<Uint8Array<ArrayBuffer>> = await sealer.seal(file.stream(), { size: file.size });
  const element = document.createElement('kmseal-file');
  element.sealer = sealer;
  element.addEventListener('seal', ({ detail }) => console.log(detail.sealed.name));
  console.log(stream, uploadSealed);
  return sealed.size;
}

/** Uploads that continue in a later page: kept in IndexedDB, or where the page likes. */
export async function survive(
  file: File,
  { sealer, server }: ResumeOptions,
  handle: FileHandle,
  states: Map<string, UploadState>,
): Promise<number> {
  const title: DescriptionFields = { name: file.name, title: 'Report' };
  const kept: UploadStoreOptions = { databaseName: 'app-uploads', maxAge: 86_400_000 };
  const listParts = async (): Promise<ListedPart[]> => [{ PartNumber: 1, ETag: '"1"', Size: file.size }];
  await uploadSealed(file, {
    sealer,
    server: { ...server, listParts },
    store: new UploadStore(kept),
    handle,
    describe: title,
  });
  const store: UploadStorage = {
    own: async () => () => {},
    load: async (id) => states.get(id),
    save: async (state) => void states.set(state.id, state),
    forget: async (id) => void states.delete(id),
  };
  const sealed = await sealer.prepare(file);
  const state: SealedFileState = await sealed.save();
  console.log(await sealed.describe(title), await sealer.restore(file, state));
  return (await resumeSealed(file, { sealer, server, store, id: '7' })).size;
}

/** What a page lists of uploads that can be resumed. */
export const list = async (store: UploadStore): Promise<string[]> =>
  (await store.list()).map(
    ({ name, lastModified, size }: KeptUpload) =>
      name ?? `${size} bytes of ${new Date(lastModified ?? 0).toISOString()}`,
  );

/** Uploads that are sent while they are made: by a server that takes files, too, and by one that does not. */
export async function record(
  recording: ReadableStream<Uint8Array>,
  { sealer, server }: { sealer: Sealer; server: StreamUploadServer<{ id: string }> },
  files: UploadServer,
): Promise<number> {
  const onProgress = ({ loaded, total }: StreamUploadProgress) => console.log(loaded, total ?? 'so far');
  const describe: DescriptionFields = { name: 'recording.webm', type: 'video/webm' };
  const options: StreamUploadOptions<{ id: string }> = { sealer, server, onProgress, describe };
  await uploadSealed(new File([], ''), { sealer, server, onProgress: ({ total }) => console.log(total.toFixed()) });
  await uploadSealed(
    (async function* () {
      yield new Uint8Array(1);
    })(),
    options,
  );
  // @ts-expect-error it expects a size
  await uploadSealed(recording, { sealer, server: files });
  // @ts-expect-error a stream cannot be kept
  await uploadSealed(recording, { sealer, server, store: new UploadStore() });
  return (await uploadSealed(recording, options)).size;
}
