// A server without lib.dom: what it writes to seal, open and read a range.
import {
  type DescribeOptions,
  type Description,
  KmsPublicKey,
  type KmsealError,
  Opener,
  Sealer,
  type UnlockOptions,
  type UnlockedHeader,
  inspect,
  load,
} from 'kmseal';
import { type FileSource, type Opened, type RespondOptions, openFile, respond } from 'kmseal/node';
import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';

export async function main(
  pem: string,
  kms: { send(input: object): Promise<{ KeyId?: string; Plaintext?: Uint8Array }> },
): Promise<number> {
  await load();
  const key = await KmsPublicKey.import(pem, { keyId: undefined, fingerprint: 'SHA256:' });
  const sealer = new Sealer({ keys: [key], encryptionContext: { user: '7' }, requiredEncryptionContext: undefined });
  const sealed: Uint8Array<ArrayBuffer> = await sealer.seal(new Uint8Array(3), {
    encryptionContext: undefined,
    signal: undefined,
  });
  const opener = new Opener({ keyIds: [key.keyId], decrypt: (input) => kms.send(input), cache: undefined });
  const { plaintext }: { plaintext: Uint8Array<ArrayBuffer> } = await opener.open(sealed, {
    encryptionContext: { user: '7' },
  });
  await using file = await openFile('paper.kmseal');
  const range = await opener.openRange(file);
  for await (const chunk of range.plaintext) console.log(chunk.length);
  const failed = (error: KmsealError) => error.code === 'ERR_KMS';
  console.log(failed, (await inspect(sealed)).keyIds);
  return plaintext.length;
}

export async function serve(response: ServerResponse | Http2ServerResponse, opener: Opener): Promise<void> {
  const file: FileSource = await openFile('paper.kmseal');
  const options: RespondOptions = {
    filename: 'paper.pdf',
    type: undefined,
    headers: { etag: '"1"', 'cache-control': null },
  };
  await respond(response, ({ signal }) => opener.openRange(file, { signal }), options);
  await respond(response, await opener.open(new Uint8Array(3)));
  const opened: Opened = await opener.openRange(file);
  await respond(response, opened);
  await file.close();
}

/** Unlocks an envelope for a page, and reads the file's name. */
export async function unlock(opener: Opener, header: Uint8Array<ArrayBuffer>, sealed: string): Promise<UnlockedHeader> {
  const expected: UnlockOptions = { encryptionContext: { user: '7' } };
  const about: DescribeOptions = { ...expected, messageId: (await inspect(header)).messageId };
  const { name }: Description = await opener.describe(sealed, about);
  const unlocked = await opener.unlock(header, expected);
  console.log(name, new Opener({ unlocked }));
  return unlocked;
}
