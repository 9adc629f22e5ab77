// How the lines of docs/command.md run.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createKey, printed } from '../../../tools/kms.mjs';
import { fill } from '../blocks.mjs';
import { PAPER, lines } from '../stage.mjs';

export default {
  'The command': {
    async sh({ place, host, run, aliasUploads }, code) {
      await aliasUploads();
      const other = await createKey(host.kms.client);
      writeFileSync(place('new.json'), JSON.stringify(printed(other)));
      const [makeKey, seal, inspect, open, reseal, download, check, ...rest] = lines(code);
      assert.deepEqual(rest, []);
      const opened = () => readFileSync(place('paper.pdf'), 'utf8');
      await run(makeKey);
      await run(seal);
      rmSync(place('paper.pdf'));
      assert.match(await run(inspect), /4711/);
      await run(open);
      assert.equal(opened(), PAPER);
      await run(reseal);
      await run('tar c paper.pdf | kmseal seal --key key.json -c user=4711 - | aws s3 cp - s3://uploads/4711');
      rmSync(place('paper.pdf'));
      await run(download);
      assert.equal(opened(), PAPER);
      // The bucket's lines have tests of their own (tests/cli/check.test.mjs).
      const published = ' --key https://www.example.com/key.json --bucket uploads --origin https://www.example.com';
      await run(fill(check, { [published]: ' --key key.json' }));
    },
  },
  'Keys of other kinds': {
    async sh({ place, host, run, aliasUploads }, code) {
      await aliasUploads();
      await createKey(host.kms.client, { spec: 'ECC_NIST_P384', alias: 'alias/agreement' });
      await run('kmseal key alias/uploads > key.json');
      rmSync(place('paper.pdf.kmseal'), { force: true });
      writeFileSync(place('paper.pdf'), PAPER);
      for (const line of lines(code)) {
        if (/^kmseal open/.test(line)) writeFileSync(place('paper.pdf'), 'replaced');
        await run(line);
        if (/^kmseal open/.test(line)) assert.equal(readFileSync(place('paper.pdf'), 'utf8'), PAPER);
      }
      rmSync(place('paper.pdf.kmseal'));
    },
  },
};
