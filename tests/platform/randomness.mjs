// getRandomValues as people replace it, and how kmseal reacts: in Node, and served to pages.
import { codeOf, makeHands } from './operations.mjs';

const real = crypto.getRandomValues.bind(crypto);

/** A sequence of bytes that looks random, from its start. */
function sequence(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes, "An Even Quicker Generator"
    return state >>> 24;
  };
}

function filled(array, next) {
  for (let at = 0; at < array.length; at++) array[at] = next();
  return array;
}

/** Each makes a getRandomValues that is wrong from the first call on. */
export const WRONG = {
  'fills a new array': () => (array) => real(new Uint8Array(array.length)),
  'does nothing': () => () => undefined,
  'leaves the array as it is': () => (array) => array,
  'fills with one byte': () => (array) => array.fill(7),
  'fills the first half': () => (array) => (real(array.subarray(0, array.length >> 1)), array),
  'fills all but the last eight bytes': () => (array) => (real(array.subarray(0, array.length - 8)), array),
  'fills every other byte': () => (array) =>
    filled(
      array,
      (
        (at) => () =>
          at++ % 2 ? real(new Uint8Array(1))[0] : 0
      )(0),
    ),
  'fills later': () => (array) => (queueMicrotask(() => real(array)), array),
  'begins the same sequence at each call': () => (array) => filled(array, sequence(1)),
};

/** Each is good at first, and repeats itself later. */
export const REPEATING = {
  'repeats 96 bytes': () => around(Array.from(real(new Uint8Array(96)))),
  'repeats 100 bytes': () => around(Array.from(real(new Uint8Array(100)))),
  'repeats 4,096 bytes': () => around(Array.from(real(new Uint8Array(4096)))),
};

function around(bytes) {
  let at = 0;
  return (array) => filled(array, () => bytes[at++ % bytes.length]);
}

async function replaced(getRandomValues, work) {
  crypto.getRandomValues = getRandomValues;
  try {
    return await work();
  } finally {
    crypto.getRandomValues = real;
  }
}

/** The functions that draw, and the code with which each fails under each wrong randomness; then its outcome without. */
export async function underWrong(kmseal, pair) {
  const { key, sealer } = await makeHands(kmseal, pair);
  const bytes = new Uint8Array(5000);
  const draws = {
    'seal bytes': () => sealer.seal(bytes),
    'seal a Blob': () => sealer.seal(new Blob([bytes])),
    'seal a stream': () => sealer.seal(new Blob([bytes]).stream()),
    prepare: () => sealer.prepare(new Blob([bytes])),
    encrypt: async () => key.encrypt(bytes.subarray(0, 5)),
    generateDataKey: async () => key.generateDataKey(),
    generateDataKeyWithoutPlaintext: async () => key.generateDataKeyWithoutPlaintext(),
    'generateRandom of 1 byte': async () => kmseal.generateRandom(1),
    'generateRandom of 16 bytes': async () => kmseal.generateRandom(16),
    'generateRandom of 1,024 bytes': async () => kmseal.generateRandom(1024),
  };
  const outcomes = {};
  for (const [wrong, make] of Object.entries(WRONG)) {
    for (const [name, draw] of Object.entries(draws)) {
      outcomes[`${name}: ${wrong}`] = [await replaced(make(), () => codeOf(draw())), await codeOf(draw())];
    }
  }
  return outcomes;
}

/** Under repeating randomness: how many envelopes were sealed, how many data keys and message ids they had, and how it ended. */
export async function underRepeating(kmseal, pair) {
  const outcomes = {};
  for (const [name, make] of Object.entries(REPEATING)) {
    const { sealer, witness, opener } = await makeHands(kmseal, pair);
    const envelopes = [];
    let code;
    await replaced(make(), async () => {
      for (let tries = 0; tries < 100 && !code; tries++) {
        try {
          envelopes.push(await (tries % 2 ? sealer : witness).seal(new Uint8Array(5)));
        } catch (error) {
          ({ code } = error);
        }
      }
    });
    const ids = new Set();
    for (const envelope of envelopes) {
      await opener.open(envelope);
      ids.add((await kmseal.inspect(envelope)).messageId);
    }
    outcomes[name] = { code, sealed: envelopes.length, ids: ids.size };
  }
  return outcomes;
}

/** Under a sequence that a test restarts before each of its cases, after others have drawn a hundred times. */
export async function underBegunAgain(kmseal, pair) {
  const { sealer } = await makeHands(kmseal, pair);
  const codes = [];
  for (let times = 0; times < 100; times++) kmseal.generateRandom(16);
  for (let times = 0; times < 2; times++) {
    const next = sequence(20261128);
    codes.push(
      await replaced(
        (array) => filled(array, next),
        () => codeOf(sealer.seal(new Uint8Array(5))),
      ),
    );
  }
  return codes;
}
