// A page: what it writes to seal a chosen file and to use the element.
import { KmsPublicKey, Sealer, load } from 'kmseal';
import 'kmseal/define';
import { uploadSealed } from 'kmseal/s3';

export async function main(file: File): Promise<number> {
  await load('/kmseal.wasm');
  const key = await KmsPublicKey.import(await (await fetch('/kms-public-key.json')).json());
  const sealer = new Sealer({ keys: [key] });
  const sealed: Blob = await sealer.seal(file, { encryptionContext: { user: '7' }, onProgress: ({ loaded, total }) => console.log(loaded, total) });
  const stream: ReadableStream<Uint8Array<ArrayBuffer>> = await sealer.seal(file.stream(), { size: file.size });
  const element = document.createElement('kmseal-file');
  element.sealer = sealer;
  element.addEventListener('seal', ({ detail }) => console.log(detail.sealed.name));
  console.log(stream, uploadSealed);
  return sealed.size;
}
