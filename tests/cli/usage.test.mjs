// What the command says of itself (docs/command.md has its help word for word): help, exit statuses, wrong usage, completions.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { startSetting } from './setting.mjs';

let setting;
before(async () => {
  setting = await startSetting();
});
after(() => setting?.close());

const help = async (...args) => (await setting.succeeds([...args, '--help'])).toString().replace(/\s+/g, ' ');

describe('help', () => {
  test('help covers every subcommand, and that of reseal says what replaces an envelope', async () => {
    for (const command of ['key', 'seal', 'open', 'reseal', 'inspect', 'check', 'man', 'completions']) {
      assert.match(await help(command), new RegExp(`Usage: kmseal ${command} `));
    }
    assert.match(await help('reseal'), /in place with --force, or to --output/);
    assert.match((await setting.succeeds(['--version'])).toString(), /^kmseal \d/);
  });
});

describe('wrong usage', () => {
  const seal = ['seal', '--key', 'key.json'];
  for (const [args, says] of [
    [[], /Usage: kmseal/],
    [['unseal', 'x'], /unrecognized subcommand 'unseal'/],
    [['seal', 'x'], /--key <key.json>/],
    [['open'], /<FILE>\.\.\./],
    [[...seal, '--frame-length', '4095', 'x'], /4096\.\.=16777216/],
    [['inspect', '--region', 'nowhere', 'x'], /not the name of an AWS region, such as eu-central-1/],
    [['key', 'alias/uploads', '--endpoint-url', ''], /--endpoint-url <URL>/],
    [[...seal, '-c', 'x', 'x'], /write it as KEY=VALUE/],
    [['open', '--encryption-algorithm', 'x', 'x'], /RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1/],
    [['open', '--key-id', 'alias/uploads', 'x.kmseal'], /alias.*give the key ARN/],
    [['open', '--key-id', '1234abcd-12ab-34cd-56ef-1234567890ab', 'x.kmseal'], /arn:aws:kms:REGION:ACCOUNT:key\/ID/],
    [[...seal, '-', 'x'], /--output and - go with one FILE only/],
    [[...seal, '--output', 'z', 'x', 'y'], /--output and - go with one FILE only/],
    [['open', 'no-ending'], /does not end in \.kmseal; give --output/],
  ]) {
    test(`kmseal exits with status 2 and names the correction for: ${args.join(' ') || 'no arguments'}`, async () => {
      const { status, stdout, stderr } = await setting.run(args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout.length, 0);
      assert.match(stderr, says);
    });
  }
});

describe('completions', () => {
  for (const shell of ['bash', 'zsh', 'fish', 'elvish', 'powershell']) {
    test(`completions for ${shell} name every option`, async () => {
      const script = await setting.succeeds(['completions', shell]);
      for (const word of ['reseal', 'key-id', 'endpoint-url', 'grant-token']) assert.ok(script.includes(word), word);
    });
  }

  for (const shell of ['bash', 'zsh', 'fish']) {
    test(`${shell} can parse its own completions`, async () => {
      const script = await setting.succeeds(['completions', shell]);
      const { status, stderr, error } = spawnSync(shell, [
        '-n',
        setting.folder.at(setting.folder.write(`completions.${shell}`, script)),
      ]);
      assert.equal(error, undefined);
      assert.deepEqual({ status, stderr: stderr.toString() }, { status: 0, stderr: '' });
    });
  }

  test('bash completes with the generated completions', async () => {
    const script = await setting.succeeds(['completions', 'bash']);
    const complete = `${script}\nCOMP_WORDS=(kmseal res); COMP_CWORD=1; _kmseal kmseal res kmseal; echo "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc'], { input: complete });
    assert.equal(stdout.toString(), 'reseal\n', stderr.toString());
  });
});
