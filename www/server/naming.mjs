import { buffer } from 'node:stream/consumers';
import { KmsealError, inspect } from 'kmseal';
import { HEAD } from './opening.mjs';

/** @typedef {{ id: string, arrived: string, about?: { id: string, arrived: string } }} Arrival about: the object of its description, if it is one of its own */

/**
 * Finds out what files are called, for those who may open them: their names arrive as sealed descriptions. A description opens only
 * with the message id of its file's envelope, so that nobody can swap two names.
 *
 * @param {{ opener: import('kmseal').Opener, uploads: import('./uploads.mjs').Uploads }} options
 */
export function createNaming({ opener, uploads }) {
  /** Each costs a call of KMS, and several pages ask for the list every few seconds. @type {Map<string, Promise<string | undefined>>} */
  const names = new Map();

  /** @param {Arrival} arrival */
  const read = async ({ id, about }) => {
    const { signal } = new AbortController();
    const description = about ? await buffer(await uploads.read(about.id, signal)) : await uploads.readDescription(id);
    if (!description) return undefined;
    // As a stream: of bytes inspect() would miss the end.
    const start = new Blob([new Uint8Array(await uploads.readRange(id, { start: 0, end: HEAD, signal }))]);
    const { messageId } = await inspect(start.stream());
    const { name } = await opener.describe(description, { messageId, encryptionContext: uploads.get(id).context });
    return name;
  };

  /**
   * @param {Arrival} arrival
   * @returns {Promise<string | undefined>} the file's name, if a good description came with it
   */
  return function nameOf(arrival) {
    // Its description may arrive after the file itself.
    const known = [arrival.id, arrival.arrived, arrival.about?.arrived].join(' ');
    const reading =
      names.get(known) ??
      read(arrival).catch((error) => {
        if (error instanceof KmsealError) {
          console.error(`The description of ${arrival.id} is refused: ${error.code}`);
          return undefined;
        }
        // S3 or KMS failed: it is asked again.
        names.delete(known);
        throw error;
      });
    names.set(known, reading);
    return reading;
  };
}
