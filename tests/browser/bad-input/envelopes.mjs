// Envelopes that do not open.

const INVALID = 'ERR_ENVELOPE_INVALID';
const UNSUPPORTED = 'ERR_ENVELOPE_UNSUPPORTED';
const TRUNCATED = 'ERR_TRUNCATED';
const ALTERED = 'ERR_AUTHENTICATION';
const CONTEXT = 'ERR_CONTEXT';
const CUT = /ends too early/;

/** @type {import('../../support/browsers/table.mjs').Row[]} */
export const ENVELOPES = [
  { title: 'nothing', error: TRUNCATED, says: CUT, call: ({ open }) => open(new Uint8Array()) },
  {
    title: 'a picture',
    error: INVALID,
    says: /not an envelope/,
    call: ({ open }) => open(new Uint8Array([0x89, 0x50, 0x4e, 0x47])),
  },
  {
    title: 'its base64',
    error: INVALID,
    says: /re-encoded as text/,
    call: ({ open, envelope }) => open(new TextEncoder().encode(envelope.toBase64())),
  },
  {
    title: 'version 1',
    error: UNSUPPORTED,
    says: /version 2/,
    call: ({ altered }) =>
      altered((e) => {
        e[0] = 1;
      }),
  },
  {
    title: 'a suite that signs',
    error: UNSUPPORTED,
    says: /0x0578.*0x0478/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.suite] = 5;
      }),
  },
  {
    title: 'no encrypted data key',
    error: INVALID,
    says: /no encrypted data key/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.edkCount + 1] = 0;
      }),
  },
  {
    title: 'nine encrypted data keys',
    error: UNSUPPORTED,
    says: /limit of 8.*maxEncryptedDataKeys/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.edkCount + 1] = 9;
      }),
  },
  {
    title: 'nine, and no more bytes',
    error: UNSUPPORTED,
    says: /limit of 8/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.edkCount + 1] = 9;
        return e.subarray(0, at.edkCount + 2);
      }),
  },
  {
    title: "more than the caller's limit",
    error: UNSUPPORTED,
    says: /limit of 1;/,
    call: ({ open, envelope }) => open(envelope, { maxEncryptedDataKeys: 1 }),
  },
  {
    title: 'unframed content',
    error: UNSUPPORTED,
    says: /unframed/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.contentType] = 1;
      }),
  },
  {
    title: 'an unknown content type',
    error: INVALID,
    says: /content type/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.contentType] = 3;
      }),
  },
  {
    title: 'a frame length of 0',
    error: INVALID,
    says: /frame length of 0/,
    call: ({ altered, at, view }) => altered((e) => view(e).setUint32(at.frameLength, 0)),
  },
  {
    title: 'frames of 4 GiB',
    error: UNSUPPORTED,
    says: /limit of 16777216/,
    call: ({ altered, at, view }) => altered((e) => view(e).setUint32(at.frameLength, 2 ** 32 - 1)),
  },
  {
    title: "frames over the caller's limit",
    error: UNSUPPORTED,
    says: /limit of 4095;/,
    call: ({ open, envelope }) => open(envelope, { maxFrameLength: 4095 }),
  },
  {
    title: 'a context that is not UTF-8',
    error: INVALID,
    says: /UTF-8/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.context + 4] = 0xff;
      }),
  },
  { title: 'a header cut in the context', error: TRUNCATED, says: CUT, call: ({ cut, at }) => cut(at.context + 3) },
  { title: 'a header cut in a data key', error: TRUNCATED, says: CUT, call: ({ cut, at }) => cut(at.edkCount + 200) },
  { title: 'a header without its last byte', error: TRUNCATED, says: CUT, call: ({ cut, at }) => cut(at.body - 1) },
  { title: 'a header alone', error: TRUNCATED, says: CUT, call: ({ cut, at }) => cut(at.body, { calls: 1 }) },
  {
    title: 'a cut in the first frame',
    error: TRUNCATED,
    says: CUT,
    call: ({ cut, at }) => cut(at.second - 1, { calls: 1 }),
  },
  {
    title: 'a cut between frames',
    error: TRUNCATED,
    says: CUT,
    call: ({ cut, at }) => cut(at.last, { calls: 1, released: 2 }),
  },
  {
    title: 'a last byte missing',
    error: TRUNCATED,
    says: CUT,
    call: ({ cut, envelope }) => cut(envelope.length - 1, { calls: 1, released: 2 }),
  },
  {
    title: 'a byte more',
    error: INVALID,
    says: /after the final frame/,
    call: ({ open, envelope }) => open(new Uint8Array([...envelope, 0]), { calls: 1, released: 3 }),
  },
  {
    title: 'two envelopes in one',
    error: INVALID,
    says: /after the final frame/,
    call: ({ open, envelope }) => open(new Uint8Array([...envelope, ...envelope]), { calls: 1, released: 3 }),
  },
  {
    title: 'a first frame left out',
    error: INVALID,
    says: /frame/,
    call: ({ open, envelope, at }) =>
      open(new Uint8Array([...envelope.subarray(0, at.body), ...envelope.subarray(at.second)]), { calls: 1 }),
  },
  {
    title: 'two frames swapped',
    error: INVALID,
    says: /frame/,
    call: ({ open, envelope, at }) =>
      open(
        new Uint8Array([
          ...envelope.subarray(0, at.body),
          ...envelope.subarray(at.second, at.last),
          ...envelope.subarray(at.body, at.second),
        ]),
        { calls: 1 },
      ),
  },
  {
    title: 'another IV in the second frame',
    error: INVALID,
    says: /frame/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.second + 15] ^= 1;
        },
        { calls: 1, released: 1 },
      ),
  },
  {
    title: 'a final frame over the frame length',
    error: INVALID,
    says: /frame/,
    call: ({ altered, at, view }) => altered((e) => view(e).setUint32(at.last + 20, 4097), { calls: 1, released: 2 }),
  },
  {
    title: 'an altered message id',
    error: ALTERED,
    says: /altered/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.messageId] ^= 1;
        },
        { calls: 1 },
      ),
  },
  {
    title: 'an altered commit key',
    error: ALTERED,
    says: /commit/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.commitKey] ^= 1;
        },
        { calls: 1 },
      ),
  },
  {
    title: 'an altered frame length',
    error: ALTERED,
    says: /header/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.frameLength + 3] ^= 1;
        },
        { calls: 1 },
      ),
  },
  {
    title: 'an altered header tag',
    error: ALTERED,
    says: /header/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.headerTag] ^= 1;
        },
        { calls: 1 },
      ),
  },
  {
    title: 'an altered first frame',
    error: ALTERED,
    says: /frame 1 /,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.body + 100] ^= 1;
        },
        { calls: 1 },
      ),
  },
  {
    title: 'an altered tag of the second frame',
    error: ALTERED,
    says: /frame 2 /,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.last - 1] ^= 1;
        },
        { calls: 1, released: 1 },
      ),
  },
  {
    title: 'an altered final frame',
    error: ALTERED,
    says: /frame 3 /,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.last + 30] ^= 1;
        },
        { calls: 1, released: 2 },
      ),
  },
  {
    title: 'a stored context that was altered',
    error: CONTEXT,
    says: /not the one expected/,
    call: ({ altered, at }) =>
      altered((e) => {
        e[at.edkCount - 1] = 0x38;
      }),
  },
  {
    title: 'a stored context that was altered, unexpected',
    error: CONTEXT,
    says: /not sealed under the encryption context/,
    call: ({ altered, at }) =>
      altered(
        (e) => {
          e[at.edkCount - 1] = 0x38;
        },
        { calls: 1, context: { tenant: 'north' } },
      ),
  },
  {
    title: 'inspecting a picture',
    error: INVALID,
    says: /not an envelope/,
    call: ({ inspect }) => inspect(new Blob(['GIF89a'])),
  },
  {
    title: 'inspecting half a header',
    error: TRUNCATED,
    says: CUT,
    call: ({ inspect, envelope }) => inspect(envelope.subarray(0, 100)),
  },
  {
    title: 'inspecting an empty stream',
    error: TRUNCATED,
    says: CUT,
    call: ({ inspect }) => inspect(new Blob().stream()),
  },
];
