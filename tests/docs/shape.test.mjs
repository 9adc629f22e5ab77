// The README is a page, the guides are few, and each is found from the README.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/run.mjs';
import { GUIDES, PAGES, blocksOf } from './blocks.mjs';

const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test('the README has at most 150 lines', () => {
  assert.ok(readme.split('\n').length <= 151, `${readme.split('\n').length - 1} lines`);
});

test('there are at most fifteen guides, and the README leads to each of them', () => {
  assert.ok(GUIDES.length <= 15, GUIDES.join(' '));
  assert.deepEqual(
    GUIDES.filter((guide) => !readme.includes(`https://github.com/kmseal/kmseal/blob/main/${guide})`)),
    [],
  );
});

test('the README makes the key by the lines of the guide, whose fingerprint fails when the AWS CLI does', () => {
  const [, ...guide] = blocksOf('docs/kms.md').filter(({ heading }) =>
    /^(Make the key|Without the command)$/.test(heading),
  );
  const [{ code }] = blocksOf('README.md').filter(({ heading }) => heading === '1. Make the key');
  assert.ok(guide.length > 0 && code.endsWith(guide[0].code), code);
});

/** What packages export to the blocks, as it is called: `new Opener(`, `inspect(`, `new GetObjectCommand(`. */
const EXPORTED =
  /\b(?:new (\w+Command|\w+Client|KmsPublicKey|RsaPublicKey|Sealer|Opener|UploadStore)|(getSignedUrl|inspect|openFile|paginate\w+|reseal|resumeSealed|respond|tusOptions|uploadSealed|KmsPublicKey|RsaPublicKey))(?=[(.])/g;

test('a block that imports something imports all that it uses of packages', () => {
  const blocks = ['README.md', ...GUIDES].flatMap(blocksOf).filter(({ language }) => /^[jt]sx?$/.test(language));
  const lacking = blocks.flatMap(({ document, heading, code }) => {
    const imports = code.match(/^import [^;]*;/gm)?.join('\n');
    if (!imports) return []; // it continues one that does, and the text says what there is
    const own = code.replace(/^import [^;]*;/gm, '').replace(/(?<=\s)\/\/.*$/gm, '');
    const used = new Set(Array.from(own.matchAll(EXPORTED), ([, made, called]) => made ?? called));
    return [...used]
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(imports))
      .map((name) => `${document}, ${heading}: ${name}`);
  });
  assert.deepEqual(lacking, []);
});

test('every example of a Sealer gives it a list of keys, and every sealing and opening an encryption context', () => {
  const blocks = ['README.md', ...GUIDES]
    .flatMap(blocksOf)
    .filter(({ language }) => ['js', 'ts', 'jsx'].includes(language));
  const codes = (pattern) =>
    blocks.flatMap(({ document, heading, code }) =>
      Array.from(code.matchAll(pattern), ([call]) => `${document}, ${heading}: ${call}`),
    );
  const sealers = codes(/new Sealer\(\{ keys: .{6}/g);
  assert.ok(sealers.length > 3, sealers.join('\n'));
  assert.deepEqual(
    sealers.filter((call) => !call.includes('keys: [')),
    [],
  );
  const calls = codes(
    /\b(?:sealer|cached)\.(?:seal|prepare|sealedSize)\([^;]*;|\bopener\.open(?:Range)?\([^;]*;|\breseal\([^;]*;|\btusOptions\([^;]*;|\buploadSealed\([^;]*;/g,
  );
  assert.ok(calls.length > 12, calls.join('\n'));
  assert.deepEqual(
    calls.filter((call) => !call.includes('encryptionContext')),
    [],
  );
});

test('no line for a shell ends in a comment, which zsh hands to the command where people type', () => {
  const blocks = PAGES.flatMap(blocksOf).filter(({ language }) => language === 'sh');
  const lines = blocks.flatMap(({ document, code }) => code.split('\n').map((line) => `${document}: ${line}`));
  assert.ok(lines.length > 40, lines.join('\n'));
  assert.deepEqual(
    lines.filter((line) => /\s#/.test(line)),
    [],
  );
});
