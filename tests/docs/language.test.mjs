// The English of documents, comments, error sentences and titles: what a native technical editor would strike, and how long a sentence is.
// There are no exceptions: a text that fails is rewritten. Only what others wrote (vectors, lock files) is left alone (language/prose.mjs).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PHRASES } from './language/phrases.mjs';
import {
  countWords,
  joinedLines,
  proseOf,
  rustTitlesOf,
  sentencesOf,
  splitSentences,
  textFiles,
  titlesOf,
} from './language/prose.mjs';
import { faultOf } from './language/titles.mjs';

const MOST_WORDS = 25;

const FILES = textFiles();
const SOURCES = /^(?:src|wasm\/src|cli\/src|js)\/.*\.(?:rs|ts)$/;
/** Texts in other languages. */
const FOREIGN = /^js\/locales\//;

/** @param {string} file @param {string} text */
function strikes(file, text) {
  const { joined, lineOf } = joinedLines(text);
  return PHRASES.flatMap(([phrase, instead]) =>
    Array.from(
      joined.matchAll(new RegExp(phrase, `${phrase.flags}g`)),
      ({ 0: found, index }) => `${file}:${lineOf(index)}: "${found}": write ${instead}`,
    ),
  );
}

/** @param {import('./language/prose.mjs').Text[]} texts */
function tooLong(texts) {
  return texts.flatMap(({ file, line, text }) =>
    splitSentences(text)
      .filter((sentence) => countWords(sentence) > MOST_WORDS)
      .map(
        (sentence) =>
          `${file}:${line}: ${countWords(sentence)} words: split it, or cut it to ${MOST_WORDS}: ${sentence}`,
      ),
  );
}

const none = (faults) => assert.equal(faults.length, 0, `\n${faults.join('\n')}\n`);

test('no text has a phrase that a native editor would strike', () =>
  none(FILES.flatMap(({ file, text }) => strikes(file, text))));

test('every error sentence has at most 25 words', () => {
  const sources = FILES.filter(({ file }) => SOURCES.test(file) && !FOREIGN.test(file));
  const sentences = sources.flatMap(({ file, text }) => sentencesOf(file, text));
  assert.ok(sentences.length > 300, `${sentences.length} sentences`);
  none(tooLong(sentences));
});

test('every sentence of a document has at most 25 words', () => {
  const documents = FILES.filter(({ file }) => file.endsWith('.md'));
  assert.ok(documents.length > 10, `${documents.length} documents`);
  none(tooLong(documents.flatMap(({ file, text }) => proseOf(file, text))));
});

test("every test's title is a sentence that stands alone", () => {
  const titles = FILES.filter(({ file }) => /^(?:tests|js|bench)\/.*\.(?:mjs|ts)$/.test(file)).flatMap(
    ({ file, text }) => titlesOf(file, text),
  );
  const rust = FILES.filter(({ file }) => file.endsWith('.rs')).flatMap(({ file, text }) => rustTitlesOf(file, text));
  assert.ok(titles.length > 1000 && rust.length > 200, `${titles.length} and ${rust.length} titles`);
  none(
    [...titles, ...rust].flatMap(({ file, line, text, isVariable }) => {
      const fault = isVariable ? 'is a variable; make a sentence of it with a template' : faultOf(text);
      return fault ? [`${file}:${line}: the title "${text}" ${fault}`] : [];
    }),
  );
  none(rust.flatMap(({ file, line, text }) => strikes(`${file}:${line}`, text)));
});

test('the checks find what they look for', () => {
  const struck = [
    'sealed a' + 'new',
    'unless to' + 'ld',
    'who' + 'ever opens',
    'it is n' + 'o key',
    'the upload goes o' + 'n',
    'still under w' + 'ay',
    'KMS answ' + 'ers a secret',
    'what GetPublicKey answ' + 'ers',
    'O' + 'f a stream the length is not known',
    'it has anoth' + 'er length than planned',
    'send it to wh' + 'o may see the file',
    'something el' + 'se than bytes',
    'it sends noth' + 'ing of the file',
    'each failure is to' + 'ld',
  ];
  for (const text of struck) assert.equal(strikes('x', text).length, 1, text);
  assert.equal(strikes('x', '// It is sealed unless\n// to' + 'ld otherwise.').length, 1);
  for (const text of [
    'there is no key',
    'it is no longer there',
    'it goes on to the next',
    'Of course',
    'many of them',
  ])
    assert.deepEqual(strikes('x', text), []);

  const long = `A ${'very '.repeat(MOST_WORDS)}long sentence.`;
  assert.equal(tooLong(sentencesOf('x.ts', `throw new Error('${long}');`)).length, 1);
  assert.equal(tooLong(sentencesOf('x.rs', `// "${long}"\nlet quote = '"'; Error::new("${long}")`)).length, 1);
  assert.equal(tooLong(proseOf('x.md', `Short.\n\n- Item: ${long}\n\n\`\`\`js\n${long}\n\`\`\`\n`)).length, 1);
  assert.deepEqual(tooLong(proseOf('x.md', '| a cell | another cell |\n| --- | --- |\n')), []);

  for (const title of [
    'cut off',
    'maxAge',
    'is refused with an error code',
    'the same key twice, the first time with junk',
  ])
    assert.ok(faultOf(title), title);
  assert.equal(faultOf('open rejects an envelope that is cut off inside a frame with ERR_TRUNCATED'), undefined);
  const code =
    "test('open rejects a cut envelope', () => {});\ntest(`open rejects ${what}`, () => {});\ntest(what, () => {});";
  assert.deepEqual(
    titlesOf('x.mjs', code).map(({ line, text, isVariable }) => ({ line, text, isVariable })),
    [
      { line: 1, text: 'open rejects a cut envelope', isVariable: false },
      { line: 2, text: 'open rejects …', isVariable: false },
      { line: 3, text: 'what', isVariable: true },
    ],
  );
  assert.deepEqual(
    rustTitlesOf('x.rs', '#[test]\n#[cfg(unix)]\nfn a_cut_envelope_is_refused() {}\n\nfn a_helper() {}\n'),
    [{ file: 'x.rs', line: 3, text: 'a cut envelope is refused' }],
  );
});
