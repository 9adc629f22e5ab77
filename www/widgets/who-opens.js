import { isStandIn } from './stand-in.js';

/** Stands for a key's ARN where nothing says it. */
const UNKNOWN = 'arn:aws:kms:REGION:ACCOUNT:key/ID';

/**
 * Who opens an envelope whose private key is not in this tab, and by which command.
 *
 * @param {Pick<import('kmseal').Inspection, 'encryptedDataKeys'>} info
 * @param {string} name of the file in which it is
 * @param {{ keyId?: string, encryptionContext?: Record<string, string> }} [known] keyId: of the key it was sealed for, which an ECC key's
 *   envelope does not say; encryptionContext: what is expected of it
 * @returns {{ says: string, command: string }} command: none where nobody can
 */
export function whoOpens({ encryptedDataKeys }, name, { keyId = UNKNOWN, encryptionContext = {} } = {}) {
  const named = encryptedDataKeys.filter((key) => key.keyId !== undefined);
  if (named.length === encryptedDataKeys.length && named.every((key) => isStandIn(key.keyId))) {
    const says = 'Sealed for the stand-in of another tab. That key is gone: nobody can open this envelope any more.';
    return { says, command: '' };
  }
  const pairs = Object.entries(encryptionContext).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const command = (/** @type {string[]} */ ...options) =>
    ['kmseal', 'open', ...[...options, ...pairs, name].map(quoted)].join(' ');
  const ofKms = 'Only AWS KMS unwraps its key, for those whom the key’s policy allows. They run:';
  if (named.some((key) => !isStandIn(key.keyId))) return { says: ofKms, command: command() };
  if (encryptedDataKeys.some((key) => key.keySpec !== undefined))
    return { says: ofKms, command: command('--key-id', keyId) };
  return {
    says: 'Its key is not one of KMS. Those who hold the private key run:',
    command: command('--raw-key', 'raw.json', '--private-key', 'key.pem'),
  };
}

/** As a shell takes it. @param {string} text */
const quoted = (text) => (/^[\w.:/=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
