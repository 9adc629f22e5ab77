// Answers and errors of KMS with which an envelope does not open.

const ALTERED = 'ERR_AUTHENTICATION';
const CONTEXT = 'ERR_CONTEXT';
const KMS = 'ERR_KMS';

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const ANSWERS = [
  // Both keys are tried, and both refusals are reported.
  {
    title: 'InvalidCiphertextException',
    error: KMS,
    says: /could not decrypt the data key.*InvalidCiphertextException/,
    call: ({ refusing }) => refusing('InvalidCiphertextException', 2),
  },
  {
    title: 'IncorrectKeyException',
    error: KMS,
    says: /not the key/,
    call: ({ refusing }) => refusing('IncorrectKeyException', 2),
  },
  { title: 'NotFoundException', error: KMS, says: /region/, call: ({ refusing }) => refusing('NotFoundException', 2) },
  {
    title: 'AccessDeniedException',
    error: KMS,
    says: /denies kms:Decrypt/,
    call: ({ refusing }) => refusing('AccessDeniedException', 2),
  },
  {
    title: 'DisabledException',
    error: KMS,
    says: /disabled/,
    call: ({ refusing }) => refusing('DisabledException', 2),
  },
  {
    title: 'KMSInvalidStateException',
    error: KMS,
    says: /pending deletion/,
    call: ({ refusing }) => refusing('KMSInvalidStateException', 2),
  },
  {
    title: 'ThrottlingException',
    error: KMS,
    says: /throttled/,
    call: ({ refusing }) => refusing('ThrottlingException', 2),
  },
  {
    title: 'KMSInternalException',
    error: KMS,
    says: /try again/,
    call: ({ refusing }) => refusing('KMSInternalException', 2),
  },
  {
    title: 'ExpiredTokenException',
    error: KMS,
    says: /credentials/,
    call: ({ refusing }) => refusing('ExpiredTokenException', 2),
  },
  { title: 'TimeoutError', error: KMS, says: /network/, call: ({ refusing }) => refusing('TimeoutError', 2) },
  {
    title: 'an error without a name of KMS',
    error: KMS,
    says: /cause \(SyntaxError/,
    call: ({ refusing }) => refusing('SyntaxError', 2),
  },
  {
    title: 'both refusals are reported',
    error: KMS,
    says: /denies kms:Decrypt.*disabled/,
    call: ({ open, envelope, keyIds, called }) =>
      open(envelope, {
        calls: 2,
        decrypt: async ({ KeyId }) => {
          throw called(KeyId === keyIds[0] ? 'AccessDeniedException' : 'DisabledException');
        },
      }),
  },
  {
    title: 'the cause is the error of KMS',
    error: 'AccessDeniedException',
    says: /whatever KMS says/,
    call: ({ refusing }) =>
      refusing('AccessDeniedException', 2).catch((error) => {
        throw error.cause.errors[1];
      }),
  },
  {
    title: 'decrypt that throws at once',
    error: KMS,
    says: /cause \(RangeError/,
    call: ({ open, envelope }) =>
      open(envelope, {
        calls: 2,
        decrypt: () => {
          throw new RangeError();
        },
      }),
  },
  {
    title: 'decrypt that throws no error',
    error: KMS,
    says: /cause \(an error/,
    call: ({ open, envelope }) => open(envelope, { calls: 2, decrypt: () => Promise.reject('no') }),
  },
  // So are both answers that do not fit.
  {
    title: 'no answer',
    error: KMS,
    says: /no key, or one that KMS was not asked about/,
    call: ({ answering }) => answering(() => undefined, 2),
  },
  {
    title: 'an answer of another key',
    error: KMS,
    says: /no key, or one that KMS was not asked about/,
    call: ({ answering, answer, keyIds }) =>
      answering(({ KeyId }) => ({ KeyId: keyIds.find((id) => id !== KeyId), Plaintext: answer.slice() }), 2),
  },
  {
    title: 'an answer without KeyId',
    error: KMS,
    says: /no key, or one that KMS was not asked about/,
    call: ({ answering, answer }) => answering(() => ({ Plaintext: answer.slice() }), 2),
  },
  {
    title: 'an answer without Plaintext',
    error: KMS,
    says: /80 bytes/,
    call: ({ answering }) => answering(({ KeyId }) => ({ KeyId }), 2),
  },
  {
    title: 'Plaintext as base64',
    error: KMS,
    says: /80 bytes/,
    call: ({ answering, answer }) => answering(({ KeyId }) => ({ KeyId, Plaintext: answer.toBase64() }), 2),
  },
  {
    title: 'a plain data key',
    error: KMS,
    says: /80 bytes/,
    call: ({ answering, answer }) => answering(({ KeyId }) => ({ KeyId, Plaintext: answer.slice(48) }), 2),
  },
  {
    title: 'another digest',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ answering, answer }) =>
      answering(({ KeyId }) => ({ KeyId, Plaintext: answer.map((byte, index) => byte ^ (index === 0)) })),
  },
  {
    title: 'another data key',
    error: ALTERED,
    says: /commit/,
    call: ({ answering, answer }) =>
      answering(({ KeyId }) => ({ KeyId, Plaintext: answer.map((byte, index) => byte ^ (index === 79)) })),
  },
  {
    title: 'a signal that aborts while KMS is asked',
    error: 'Error',
    says: /^enough$/,
    call: async ({ Opener, envelope, keyIds }) => {
      const controller = new AbortController();
      const decrypt = () => new Promise(() => controller.abort(new Error('enough')));
      return new Opener({ keyIds, decrypt }).open(envelope, { signal: controller.signal });
    },
  },
  {
    title: 'a stream that fails in the header',
    error: 'ERR_READ',
    says: /could not be read/,
    call: ({ Opener, keyIds }) =>
      new Opener({ keyIds, decrypt() {} }).open(
        new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) }),
      ),
  },
];
