// <kmseal-file> by keyboard, by ear and in forced colours.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Key } from 'selenium-webdriver';
import { testForms } from '../support/forms.mjs';

/* global element, form, hold, idle, part, parts, statesOf, until -- of forms.mjs, in the page */

const FORM = (attributes = 'multiple required') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <input id="before" aria-label="before">
    <label for="doc" id="label">Identity paper</label>
    <kmseal-file encryption-context='{}' id="doc" name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file>
    <button>Send</button>
  </form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page) => {
  const type = (...keys) => page.driver.actions().sendKeys(...keys).perform();
  /** The part in the element that has focus, and the text of its button; or what has it outside. */
  const focused = () => page.evaluate(() => {
    const inner = element.shadowRoot.activeElement;
    return inner ? `${inner.getAttribute('part')} ${inner.closest('li')?.querySelector('[part=name]').textContent ?? ''}`.trim() : document.activeElement.id;
  });
  const show = async (attributes) => {
    await page.show(FORM(attributes));
    await page.evaluate(() => {
      globalThis.clicks = 0;
      // The dialogue would stay open.
      part('input').addEventListener('click', (event) => { clicks++; event.preventDefault(); });
    });
  };

  test('a label outside names the input inside', async () => {
    await show();
    // Firefox adds what the native input shows.
    const name = async () => (await (await page.inputOf('kmseal-file')).getAccessibleName()).replace(/ Browse….*$/, '');
    assert.equal(await name(), 'Identity paper');
    await page.evaluate(() => element.setAttribute('aria-label', 'Passport'));
    assert.equal(await name(), 'Passport');
    await page.evaluate(() => {
      element.removeAttribute('aria-label');
      document.querySelector('#label').textContent = 'Driving licence';
      element.focus();
    });
    assert.equal(await name(), 'Driving licence');
    assert.equal(await page.evaluate(() => element.labels.length), 1);
  });

  test('a label opens the dialogue, once, around the element too; buttons within do not', async () => {
    await show();
    await page.driver.findElement({ id: 'label' }).click();
    assert.deepEqual(await page.evaluate(() => clicks), 1);
    assert.equal(await focused(), 'input');
    await page.evaluate(() => element.click());
    assert.deepEqual(await page.evaluate(() => clicks), 2);
    await page.show(`<form><label id="around">Paper <kmseal-file encryption-context='{}' name="doc" multiple key-src="/kms-public-key.json"></kmseal-file></label></form>`);
    await page.choose([files.create('one'), files.create('two')]);
    const counts = await page.evaluate(async () => {
      await idle();
      let clicks = 0;
      part('input').addEventListener('click', (event) => { clicks++; event.preventDefault(); });
      part('remove').click();
      part('name').click();
      const counts = [clicks, parts('item').length];
      document.querySelector('#around').click();
      part('input').click();
      return [...counts, clicks, part('input').getAttribute('aria-label')];
    });
    assert.deepEqual(counts, [0, 1, 2, 'Paper']);
  });

  test('an invalid form brings focus to it', async () => {
    await show();
    assert.equal(await page.evaluate(() => form.reportValidity()), false);
    assert.equal(await focused(), 'input');
    await page.evaluate(() => document.querySelector('#before').focus());
    await page.evaluate(() => element.focus());
    assert.equal(await focused(), 'input');
  });

  test('every button is reached and named, and focus stays in the list when a file goes', async () => {
    await show();
    const [a, b] = [files.create('a'), files.create('b')];
    await page.choose([a, b]);
    await page.idle();
    await page.evaluate(() => document.querySelector('#before').focus());
    await type(Key.TAB);
    assert.equal(await focused(), 'input');
    await type(Key.TAB);
    assert.equal(await focused(), `button remove ${a.name}`);
    const button = await page.driver.executeScript("return document.querySelector('kmseal-file').shadowRoot.activeElement");
    assert.equal(await button.getAccessibleName(), `Remove ${a.name}`);
    await type(Key.SPACE);
    assert.equal(await focused(), `button remove ${b.name}`);
    await type(Key.ENTER);
    assert.equal(await focused(), 'input');
    assert.equal(await page.evaluate(() => statesOf()), '');
  });

  test('the end of the sealing moves no focus, and a failure that is tried again leaves it at the file', async () => {
    await show();
    await page.evaluate(() => (globalThis.held = hold()));
    const paper = files.create('still');
    await page.choose([paper]);
    const labels = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      const button = part('remove');
      button.focus();
      const labels = [button.textContent];
      held.release();
      await idle();
      labels.push(button.textContent, String(element.shadowRoot.activeElement === button));
      element.keySrc = '/not-there';
      await idle();
      part('retry').focus();
      element.keySrc = '/kms-public-key.json';
      return labels;
    });
    assert.deepEqual(labels, ['Cancel', 'Remove', 'true']);
    assert.equal(await focused(), `button remove ${paper.name}`);
  });

  test('a live region says how it goes, and an alert what failed', async () => {
    await show();
    await page.evaluate(() => {
      globalThis.said = [];
      const listen = (node, role) => new MutationObserver(() => node.textContent && said.push(`${role}: ${node.textContent}`))
        .observe(node, { childList: true, characterData: true, subtree: true });
      listen(part('status'), 'status');
      listen(part('alert'), 'alert');
    });
    const said = () => page.evaluate(async () => {
      await idle();
      await Promise.resolve();
      return said.splice(0);
    });
    const roles = () => page.evaluate(() => [part('status').getAttribute('role'), part('alert').getAttribute('role'), part('list').getAttribute('role'), element.shadowRoot.querySelector('[aria-busy]')]);
    assert.deepEqual(await roles(), ['status', 'alert', 'list', null]);
    const [a, b] = [files.create('a'), files.create('b')];
    await page.choose([a]);
    assert.deepEqual(await said(), [`status: Encrypting ${a.name}`, `status: ${a.name} encrypted and ready`]);
    await page.choose([a, b]);
    assert.deepEqual(await said(), ['status: Encrypting 2 files', 'status: 2 files encrypted and ready']);
    await page.evaluate(() => part('remove').click());
    assert.deepEqual(await said(), [`status: ${a.name} removed`]);
    await page.evaluate(() => (element.keySrc = '/not-there'));
    const sentence = `alert: ${b.name} could not be encrypted, so nothing is sent. Try again, or remove it.`;
    assert.deepEqual(await said(), [`status: Encrypting ${b.name}`, sentence]);
    assert.equal(await page.evaluate(() => part('input').getAttribute('aria-invalid')), 'true');
    await page.choose([a, b]);
    assert.equal((await said()).at(-1), 'alert: 2 files could not be encrypted, so nothing is sent. Try again, or remove them.');
    await page.evaluate(() => form.reset());
    assert.deepEqual(await page.evaluate(() => [part('status').textContent, part('alert').textContent, part('input').getAttribute('aria-invalid')]), ['', '', 'false']);
  });

  test('a native progress bar has the file\'s name, and long sealing is told at quarters', async () => {
    await show('');
    const paper = files.create('long', { length: 8_000_000 });
    await page.evaluate(async () => {
      const watch = await import('/pages/watch.js');
      globalThis.said = [];
      new MutationObserver(() => said.push(part('status').textContent)).observe(part('status'), { childList: true });
      // A few seconds for all of it.
      watch.whenEncrypted(() => new Promise((resolve) => setTimeout(resolve, 800)));
    });
    await page.choose([paper]);
    const bar = await page.evaluate(async () => {
      await until(() => part('progress')?.value > 0);
      const bar = part('progress');
      const label = element.shadowRoot.getElementById(bar.getAttribute('aria-labelledby'));
      const found = [bar.localName, bar.max, label.textContent, bar.hidden];
      await until(() => statesOf() === 'sealed');
      return [...found, bar.hidden];
    });
    assert.deepEqual(bar, ['progress', 8_000_000, paper.name, false, true]);
    const said = await page.evaluate(() => said);
    assert.deepEqual([said.at(0), said.at(-1)], [`Encrypting ${paper.name}`, `${paper.name} encrypted and ready`]);
    const percents = said.slice(1, -1).map((text) => Number(/^(\d+) % encrypted$/.exec(text)[1]));
    assert.ok(percents.length >= 1 && percents.length <= 4, said.join('; '));
    assert.deepEqual(percents, percents.toSorted((x, y) => x - y));
  });

  test('texts in another language', async () => {
    await show('required');
    const german = await page.evaluate(() => {
      element.texts = { missing: 'Bitte eine Datei wählen.', sealed: 'Verschlüsselt', remove: 'Entfernen', readyOne: '{name} ist bereit' };
      return [element.validationMessage, element.texts.cancel, Object.isFrozen(element.texts)];
    });
    assert.deepEqual(german, ['Bitte eine Datei wählen.', 'Cancel', true]);
    const paper = files.create('übersetzt');
    await page.choose([paper]);
    await page.idle();
    const shown = await page.evaluate(() => [part('state').textContent, part('remove').textContent, part('status').textContent]);
    assert.deepEqual(shown, ['Verschlüsselt', 'Entfernen', `${paper.name} ist bereit`]);
    await page.evaluate(() => (element.texts = null));
    assert.equal(await page.evaluate(() => part('state').textContent), 'Encrypted');
  });

  test('a page styles its parts', async () => {
    await show('multiple');
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      const rules = ['zone', 'input', 'list', 'item-sealed', 'name', 'state', 'retry', 'remove', 'alert'].map((name, index) => `kmseal-file::part(${name}) { letter-spacing: ${index + 1}px }`);
      sheet.replaceSync([...rules, 'kmseal-file:state(sealed) { word-spacing: 9px }'].join('\n'));
      document.adoptedStyleSheets = [sheet];
    });
    await page.choose([files.create('styled')]);
    await page.idle();
    const spacings = await page.evaluate(() => [
      ...['zone', 'input', 'list', 'item', 'name', 'state', 'retry', 'remove', 'alert'].map((name) => getComputedStyle(part(name)).letterSpacing),
      getComputedStyle(element).wordSpacing,
    ]);
    assert.deepEqual(spacings, [...Array.from({ length: 9 }, (_, index) => `${index + 1}px`), '9px']);
  });
});

describe('as people set it up', () => inBrowsers((page) => {
  const emulate = (features) => page.driver.sendAndGetDevToolsCommand('Emulation.setEmulatedMedia', { features });

  test('forced colours: border, focus and the place to drop are seen, states are words', async () => {
    await page.show(FORM());
    await page.choose([files.create('forced')]);
    await page.idle();
    await emulate([{ name: 'forced-colors', value: 'active' }]);
    const found = await page.evaluate(async () => {
      part('zone').part.add('dragging');
      await Promise.all(part('zone').getAnimations().map(({ finished }) => finished));
      const style = getComputedStyle(part('zone'));
      const probe = document.createElement('i');
      probe.style.setProperty('color', 'Highlight');
      document.body.append(probe);
      return [
        matchMedia('(forced-colors: active)').matches, style.borderTopStyle, style.outlineStyle, style.outlineWidth,
        style.outlineColor === getComputedStyle(probe).color, part('state').textContent,
        getComputedStyle(part('progress')).appearance, getComputedStyle(part('progress')).forcedColorAdjust,
      ];
    });
    assert.deepEqual(found, [true, 'dashed', 'solid', '3px', true, 'Encrypted', 'auto', 'auto']);
  });

  test('reduced motion: nothing moves', async () => {
    await page.show(FORM());
    await page.choose([files.create('calm')]);
    await page.idle();
    const durations = async (value) => {
      await emulate([{ name: 'prefers-reduced-motion', value }]);
      return page.evaluate(() => {
        const all = [...element.shadowRoot.querySelectorAll('*')].map((node) => getComputedStyle(node));
        return [...new Set(all.flatMap((style) => [style.transitionDuration, style.animationName]))].sort();
      });
    };
    assert.deepEqual(await durations('no-preference'), ['0.15s', '0s', 'none']);
    assert.deepEqual(await durations('reduce'), ['0s', 'none']);
  });
}, ['chromium']));
