// What every test of the command starts from: KMS, a key, a folder, and the command in it.
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { printed } from '../../tools/kms.mjs';
import { createFolder, runCommand, startCommand } from './command.mjs';
import { startKmsProxy } from '../support/servers/kms-proxy.mjs';
import { startKms } from '../support/servers/kms.mjs';

/** @param {Parameters<typeof startKms>[0]} [options] */
export async function startSetting(options) {
  const kms = await startKms(options);
  const folder = createFolder();
  const key = await kms.createKey({ alias: 'alias/uploads' });
  const env = kms.emulator.env;
  const setting = {
    kms,
    folder,
    key,
    env,
    /** Runs the command, with any outcome. */
    run: (args, settings = {}) => runCommand(folder, { ...env, ...settings.env }, args, settings),
    start: (args, settings = {}) => startCommand(folder, { ...env, ...settings.env }, args),

    /** Runs the command, which must succeed; returns its standard output. */
    async succeeds(args, settings) {
      const { status, stdout, stderr } = await setting.run(args, settings);
      assert.equal(status, 0, stderr);
      return stdout;
    },

    /** Runs the command, which must end with this status and one line like this. */
    async fails(args, status, line, settings) {
      const end = await setting.run(args, settings);
      const said = `status ${end.status}: ${end.stderr}`;
      assert.equal(end.status, status, said);
      assert.match(end.stderr, /^kmseal: [^\n]*\n$/, said);
      assert.match(end.stderr, line, said);
      return end;
    },

    /** GetPublicKey's answer as a file. */
    keyFile(name, answer) {
      return folder.write(name, JSON.stringify(printed(answer)));
    },

    async close() {
      await kms.close();
      folder.remove();
    },
  };
  setting.keyFile('key.json', key);
  return setting;
}

/**
 * The starting point of tests that watch or change KMS's answers: the command's calls go through a proxy, and what was seen and changed
 * is forgotten after each test.
 * @param {() => Promise<void>} prepare comes before the tests
 */
export function testThroughProxy(prepare) {
  const setting = {};
  const proxy = { calls: [], answer: () => undefined };
  let started;
  before(async () => {
    Object.assign(setting, await startSetting());
    started = await startKmsProxy(setting.kms.emulator.endpoint);
    started.answer = (call) => proxy.answer(call);
    Object.assign(proxy, { calls: started.calls, endpoint: started.endpoint });
    setting.env.AWS_ENDPOINT_URL = proxy.endpoint;
    await prepare();
    proxy.calls.length = 0;
  });
  afterEach(() => {
    proxy.calls.length = 0;
    proxy.answer = () => undefined;
  });
  after(async () => {
    await started?.close();
    await setting.close?.();
  });
  return {
    setting,
    proxy,
    seal: (key, output, ...args) =>
      setting.succeeds(['seal', '--key', key, '--output', output, ...args, '-'], { input: 'plain' }),
    open: (envelope, ...args) => setting.succeeds(['open', '--output', '-', ...args, envelope]),
    refused: (status, line, envelope, ...args) =>
      setting.fails(['open', '--output', '-', ...args, envelope], status, line),
  };
}
