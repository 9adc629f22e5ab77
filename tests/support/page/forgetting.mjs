// What the memory holds while envelopes are sealed and opened, and what it still holds once that has ended, well or not. Runs in
// Node and in pages.
import { inPieces, readAll, sample } from './bytes.mjs';
import { search, watchMemory } from './memory.mjs';
import { secretsOf } from './secrets.mjs';
import { tells, watchWords } from './words.mjs';

const FRAME = 4096;
const LONG = 10 * FRAME + 100;
const LATER = 100;

const later = (milliseconds) =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/**
 * @param {() => Promise<typeof import('kmseal')>} load imports the package
 * @param {{ KeyId: string, PublicKey: Uint8Array }[]} answers GetPublicKey's, for two keys
 * @param {import('kmseal').OpenerOptions['decrypt']} decrypt
 */
export async function watchForgetting(load, answers, decrypt) {
  const words = watchWords();
  const watch = watchMemory();
  const { KmsPublicKey, Opener, Sealer } = await load();
  const keys = await Promise.all(answers.map((answer) => KmsPublicKey.import(answer)));
  const plaintext = sample(LONG);
  const content = {
    'plaintext, first bytes': plaintext.subarray(0, 64),
    'plaintext, last bytes': plaintext.subarray(-64),
  };
  const rows = [];

  /** Does something, and looks for the secrets that were drawn for it, or for `known` ones. */
  async function step(name, work, known) {
    watch.draws.length = 0;
    watch.imports.length = 0;
    const row = { name, outcome: 'done' };
    let value;
    try {
      value = await work();
    } catch (error) {
      words.note(error);
      row.outcome = error?.code ?? String(error);
    }
    const [memory, draws, imports] = [watch.memory(), [...watch.draws], [...watch.imports]];
    const secrets = {
      ...(known ??
        (await secretsOf(
          draws.map(({ bytes }) => bytes),
          answers,
        ))),
      ...content,
    };
    row.found = search(memory, secrets);
    row.extractable = imports.some(({ extractable }) => extractable);
    row.usages = imports.map(({ usages }) => usages.join());
    row.sourcesKept = imports.filter(({ source, bytes }) => source.join() === bytes.join()).length;
    row.told = Object.keys(secrets).filter((secret) => tells(words, secrets[secret]));
    rows.push(row);
    return { value, secrets, draws, imports };
  }

  const seen = {};
  for (const engine of ['webcrypto', 'wasm']) {
    const sealer = new Sealer({ keys, engine, frameLength: FRAME });
    const opener = (options) => new Opener({ keyIds: [keys[0].keyId], decrypt, engine, ...options });
    const named = (name, work, known) => step(`${name}, ${engine}`, work, known);
    const drain = async (sealed) => readAll(await sealed);
    /** Reads once and leaves. */
    const leave = async (stream) => {
      const reader = (await stream).getReader();
      await reader.read();
      await reader.cancel();
    };
    /** Aborts once there is progress. The caller learns of it at once, a moment before the frames in flight are given up. */
    const aborted = (run) => {
      const abort = new AbortController();
      return run({ signal: abort.signal, onProgress: () => abort.abort('aborted') }).finally(() => later(LATER));
    };

    const sealed = await named('sealed bytes', () => sealer.seal(plaintext));
    const { value: envelope, secrets } = sealed;
    seen[engine] = {
      'before the second seed was drawn': search(sealed.draws[2].memory, secrets),
      'before the message id was drawn': search(sealed.draws.at(-1).memory, secrets),
      'when the content key was handed over': sealed.imports.map(({ memory }) => search(memory, secrets)),
      'the content key was handed over': sealed.imports.map(
        ({ bytes }) => bytes.join() === secrets['content key'].join(),
      ),
    };
    await named('sealed a few bytes', () => sealer.seal(plaintext.subarray(0, 64)));
    await named('sealed a Blob', () => sealer.seal(new Blob([plaintext])));
    await named('sealed a stream', () => drain(sealer.seal(inPieces(plaintext, 5000))));
    await named('sealed a part', async () => {
      const prepared = await sealer.prepare(new Blob([plaintext]));
      await prepared.slice(5000, 6000);
      prepared.close();
    });
    await named('described a file', async () => {
      const prepared = await sealer.prepare(new File([plaintext], 'name'));
      await prepared.describe({ title: 'a title' });
      prepared.close();
    });
    await named('sealing: the source fails', async () => {
      let pulls = 0;
      const pull = (controller) =>
        pulls++ < 3 ? controller.enqueue(plaintext.slice(0, 5000)) : controller.error(new Error('lost'));
      await drain(sealer.seal(new ReadableStream({ pull }, { highWaterMark: 0 })));
    });
    await named('sealing: the stream is longer than announced', () =>
      drain(sealer.seal(inPieces(plaintext, 5000), { size: 20_000 })),
    );
    await named('sealing: the reader leaves', () => leave(sealer.seal(inPieces(plaintext, 5000))));
    await named('sealing: aborted', () => aborted((options) => sealer.seal(plaintext, options)));
    if (engine === 'webcrypto') {
      await named('sealing: the platform takes no key', () => {
        const { importKey } = crypto.subtle;
        crypto.subtle.importKey = async () => {
          throw new Error('no more keys');
        };
        return sealer.seal(plaintext).finally(() => {
          crypto.subtle.importKey = importKey;
        });
      });
    }

    await named('opened bytes', () => opener().open(envelope), secrets);
    await named(
      'opened a stream',
      async () => drain((await opener().open(inPieces(envelope, 5000))).plaintext),
      secrets,
    );
    const unlocking = await named('unlocked a header', () => opener().unlock(envelope), secrets);
    await named(
      'opened with an unlocked header',
      async () => {
        const one = new Opener({ unlocked: unlocking.value, engine });
        await one.open(envelope);
        one.close();
      },
      secrets,
    );
    const altered = envelope.slice();
    altered[altered.length - 1] ^= 1;
    await named('opening: altered', () => opener().open(altered), secrets);
    await named('opening: cut', () => opener().open(envelope.subarray(0, -20)), secrets);
    await named('opening: another context', () => opener().open(envelope, { encryptionContext: { a: '1' } }), secrets);
    await named(
      'opening: the reader leaves',
      async () => leave((await opener().open(inPieces(envelope, 5000))).plaintext),
      secrets,
    );
    await named('opening: aborted', () => aborted((options) => opener().open(envelope, options)), secrets);
    let answered;
    const wrong = async (input, options) => {
      const answer = await decrypt(input, options);
      answered = answer.Plaintext.slice(48);
      return { ...answer, Plaintext: answer.Plaintext.with(79, answer.Plaintext[79] ^ 1) };
    };
    await named('opening: another data key', () => opener({ decrypt: wrong }).open(envelope), secrets);
    seen[engine]['KMS answered the data key'] = answered.join() === secrets['data key'].join();

    const cache = new Sealer({ keys, engine, frameLength: FRAME, cache: { maxAge: 60_000 } });
    const cached = await cache.seal(plaintext).then(() =>
      secretsOf(
        watch.draws.slice(-4).map(({ bytes }) => bytes),
        answers,
      ),
    );
    seen[engine]['while the data key is cached'] = search(watch.memory(), cached);
    await named('closed a cache', () => cache.close(), cached);
    const short = new Sealer({ keys, engine, frameLength: FRAME, cache: { maxAge: LATER } });
    await named('a cached key became too old', async () => {
      await short.seal(plaintext);
      await later(3 * LATER);
    });
  }

  const secret = crypto.getRandomValues(new Uint8Array(40));
  await step('encrypted bytes', () => keys[0].encrypt(secret), { plaintext: secret });
  const { value } = await step('generated a data key', () => keys[0].generateDataKey(), {});
  rows.at(-1).found = search(watch.memory(), { 'data key': value.plaintext });
  return { rows, seen };
}
