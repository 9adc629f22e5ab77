// How the first blocks of docs/form.md run; those of the form libraries and of component tests have tests of their own.
import assert from 'node:assert/strict';
import { By } from 'selenium-webdriver';
import { SAMPLE, until } from '../stage.mjs';
import { fill } from '../blocks.mjs';

export default {
  '`<kmseal-file>` in a form': {
    async 'html, js'({ place, key, browser, show, assertOpens, uploads }, html, js) {
      await show('form', js, fill(html, { [SAMPLE.fingerprint]: key.fingerprint }));
      const element = await browser.driver.findElement(By.css('kmseal-file'));
      const root = await element.getShadowRoot();
      await (await root.findElement(By.css('input'))).sendKeys(place('paper.pdf'));
      await until(() => browser.evaluate(() => document.querySelector('form').checkValidity()));
      // Its listener also sees the files of an element that comes later, as where Turbo or Astro replace the page.
      const refused = await browser.evaluate(async () => {
        const later = document.body.appendChild(document.querySelector('kmseal-file').cloneNode());
        later.add([new File(['MZ'], 'program.pdf')]);
        const error = () => later.shadowRoot.querySelector('[part=error]')?.textContent ?? '';
        while (!error() && !later.value) await new Promise((resolve) => setTimeout(resolve, 10));
        later.remove();
        return error();
      });
      assert.match(refused, /Programs are not taken\./);
      await browser.driver.executeScript("document.querySelector('form').requestSubmit()");
      const body = await until(() => uploads()[0]);
      assert.equal(body.doc.name, 'file-1.kmseal');
      await assertOpens(await body.doc.arrayBuffer());
    },
  },
};
