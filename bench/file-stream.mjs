// Sealing a file of 512 MiB to a stream that is read to its end.
import { makeFile } from './support/files.mjs';
import { median, quickest, rate, timesAsFast } from './support/figures.mjs';
import { withStage } from './support/stage.mjs';

const ROUNDS = 5;

export const title = 'File of 512 MiB to a drained stream, Chromium';

/** @returns {Promise<import('./support/figures.mjs').Figure[]>} */
export const run = () =>
  withStage(async ({ folder, browse }) => {
    const file = await makeFile(folder, 512);
    const { seconds, size, awsSize } = await browse('chromium', async (browser) => {
      await browser.chooseFiles('input', [file]);
      return browser.evaluate(async (rounds) => (await import('/bench/file-stream.js')).fileStream(rounds), ROUNDS);
    });
    const loop = quickest(seconds, ['64 KiB loop', '1 MiB loop', '4 MiB loop']);
    const ours = rate(size, seconds.kmseal);
    const times = (what, peer, least, peerSize = size) => ({
      what,
      value: (timesAsFast(seconds, peer) * size) / peerSize,
      unit: 'x',
      least,
      note: `${ours} to ${rate(peerSize, seconds[peer])}`,
    });
    const speed = (name, length = size) => length / median(seconds[name]) / 1e6;
    const bars = {
      kmseal: speed('kmseal'),
      [`WebCrypto, one after another (${loop})`]: speed(loop),
      '@aws-crypto/client-browser': speed('aws', awsSize),
    };
    return [
      { ...times(`sealing to the sequential WebCrypto loop (${loop})`, loop, 1.4), bars },
      times('sealing to merely reading', 'read', 0.45),
      {
        what: 'copying the chunks of a stream, of the time that sealing it takes',
        value:
          (100 * (median(seconds['copied chunks']) - median(seconds['joined chunks']))) /
          median(seconds['kmseal stream']),
        unit: '%',
        most: 3,
        note: `beyond joining them to frames: ${rate(size, seconds['copied chunks'])} to ${rate(size, seconds['joined chunks'])}; sealing ${rate(size, seconds['kmseal stream'])}`,
      },
      times(`sealing to @aws-crypto/client-browser (${awsSize / 2 ** 20} MiB, raw AES)`, 'aws', 3, awsSize),
    ];
  });
