// How the import map of docs/hosting.md runs; jest.test.mjs runs the other block.
import { writeFileSync } from 'node:fs';
import { SAMPLE, until } from '../stage.mjs';
import { fill } from '../blocks.mjs';

export default {
  'Import maps': {
    async html({ place, serve, browser }, code) {
      const script = `import { KmsPublicKey } from 'kmseal';
        import 'kmseal/define';
        const key = await KmsPublicKey.fetch('/kms-public-key.json');
        document.body.append(customElements.get('kmseal-file') ? key.keyId : 'nothing is defined');`;
      writeFileSync(place('mapped.js'), script);
      await serve('mapped', fill(code, { '/page.js': '/docs/mapped.js' }));
      const arn = new RegExp(SAMPLE.arn.replace(/:kms:.*/, ':kms:'));
      await until(async () => arn.test(await browser.evaluate(() => document.body?.textContent ?? '')));
    },
  },
};
