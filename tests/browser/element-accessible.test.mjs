// <kmseal-file> by keyboard, by screen reader and in forced colours.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Key } from 'selenium-webdriver';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { KEY_UNREACHABLE, isolated, testForms } from '../support/browsers/forms.mjs';
import { seen } from '../support/until.mjs';

/* global element, form, hold, idle, part, parts, statesOf, until -- of forms.mjs, in the page */

const FORM = (attributes = 'multiple required') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <input id="before" aria-label="before">
    <label for="doc" id="label">Identity paper</label>
    <kmseal-file encryption-context='{}' id="doc" name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file>
    <button>Send</button>
  </form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  const type = (...keys) =>
    page.driver
      .actions()
      .sendKeys(...keys)
      .perform();
  /** The part of the element that has the focus, and the text of its button; or the focused node outside. */
  const focused = () =>
    page.evaluate(() => {
      const inner = element.shadowRoot.activeElement;
      return inner
        ? `${inner.getAttribute('part')} ${inner.closest('li')?.querySelector('[part=name]').textContent ?? ''}`.trim()
        : document.activeElement.id;
    });
  const show = async (attributes) => {
    await page.show(FORM(attributes));
    await page.evaluate(() => {
      globalThis.clicks = 0;
      // The dialogue would stay open.
      part('input').addEventListener('click', (event) => {
        clicks++;
        event.preventDefault();
      });
    });
  };

  test('a label outside the element names the input inside', async () => {
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

  test('a label opens the dialogue once, also around the element; buttons inside it do not', async () => {
    await show();
    await page.driver.findElement({ id: 'label' }).click();
    assert.deepEqual(await page.evaluate(() => clicks), 1);
    assert.equal(await focused(), 'input');
    await page.evaluate(() => element.click());
    assert.deepEqual(await page.evaluate(() => clicks), 2);
    await page.show(
      `<form><label id="around">Paper <kmseal-file encryption-context='{}' name="doc" multiple key-src="/kms-public-key.json"></kmseal-file></label></form>`,
    );
    await page.choose([files.create('one'), files.create('two')]);
    const counts = await page.evaluate(async () => {
      await idle();
      let clicks = 0;
      part('input').addEventListener('click', (event) => {
        clicks++;
        event.preventDefault();
      });
      part('remove').click();
      part('name').click();
      const inside = { clicks, items: parts('item').length };
      document.querySelector('#around').click();
      part('input').click();
      return { inside, clicks, label: part('input').getAttribute('aria-label') };
    });
    assert.deepEqual(counts, { inside: { clicks: 0, items: 1 }, clicks: 2, label: 'Paper' });
  });

  test('an invalid form moves the focus to the element', async () => {
    await show();
    assert.equal(await page.evaluate(() => form.reportValidity()), false);
    assert.equal(await focused(), 'input');
    await page.evaluate(() => document.querySelector('#before').focus());
    await page.evaluate(() => element.focus());
    assert.equal(await focused(), 'input');
  });

  test('every button can be reached and has a name, and the focus stays in the list when a file is removed', async () => {
    await show();
    const [a, b] = [files.create('a'), files.create('b')];
    await page.choose([a, b]);
    await page.idle();
    await page.evaluate(() => document.querySelector('#before').focus());
    await type(Key.TAB);
    assert.equal(await focused(), 'input');
    await type(Key.TAB);
    assert.equal(await focused(), `button remove ${a.name}`);
    const button = await page.driver.executeScript(
      "return document.querySelector('kmseal-file').shadowRoot.activeElement",
    );
    // Firefox makes the names once somebody asks for one, and may not have all texts of it at once.
    await seen(async () => (await button.getAccessibleName()) === `Remove ${a.name}`);
    await type(Key.SPACE);
    assert.equal(await focused(), `button remove ${b.name}`);
    await type(Key.ENTER);
    assert.equal(await focused(), 'input');
    assert.equal(await page.evaluate(() => statesOf()), '');
  });

  test('the end of a seal does not move the focus, and a retry that fails leaves it at the file', async () => {
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

  test('a page can style the parts of the element', async () => {
    await show('multiple');
    await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      const rules = ['zone', 'input', 'list', 'item-sealed', 'name', 'state', 'retry', 'remove', 'alert'].map(
        (name, index) => `kmseal-file::part(${name}) { letter-spacing: ${index + 1}px }`,
      );
      sheet.replaceSync([...rules, 'kmseal-file:state(sealed) { word-spacing: 9px }'].join('\n'));
      document.adoptedStyleSheets = [sheet];
    });
    await page.choose([files.create('styled')]);
    await page.idle();
    const spacings = await page.evaluate(() => [
      ...['zone', 'input', 'list', 'item', 'name', 'state', 'retry', 'remove', 'alert'].map(
        (name) => getComputedStyle(part(name)).letterSpacing,
      ),
      getComputedStyle(element).wordSpacing,
    ]);
    assert.deepEqual(spacings, [...Array.from({ length: 9 }, (_, index) => `${index + 1}px`), '9px']);
  });

  // The element decides what it says, and when. Names, roles, focus and styles are above.
  if (!ANY_ENGINE.includes(name)) return;

  test('a live region reports progress, and an alert reports failures', async () => {
    await show();
    await page.evaluate(() => {
      globalThis.said = [];
      const listen = (node, role) =>
        new MutationObserver(() => node.textContent && said.push(`${role}: ${node.textContent}`)).observe(node, {
          childList: true,
          characterData: true,
          subtree: true,
        });
      listen(part('status'), 'status');
      listen(part('alert'), 'alert');
    });
    const said = () =>
      page.evaluate(async () => {
        await idle();
        await Promise.resolve();
        return said.splice(0);
      });
    const roles = () =>
      page.evaluate(() => [
        part('status').getAttribute('role'),
        part('alert').getAttribute('role'),
        part('list').getAttribute('role'),
        element.shadowRoot.querySelector('[aria-busy]'),
      ]);
    assert.deepEqual(await roles(), ['status', 'alert', 'list', null]);
    const [a, b] = [files.create('a'), files.create('b')];
    await page.choose([a]);
    assert.deepEqual(await said(), [
      `status: Encrypting ${isolated(a.name)}`,
      `status: ${isolated(a.name)} encrypted and ready`,
    ]);
    await page.choose([a, b]);
    assert.deepEqual(await said(), ['status: Encrypting 2 files', 'status: 2 files encrypted and ready']);
    await page.evaluate(() => part('remove').click());
    assert.deepEqual(await said(), [`status: ${isolated(a.name)} removed`]);
    await page.evaluate(() => (element.keySrc = '/not-there'));
    const sentence = `alert: ${KEY_UNREACHABLE}`;
    assert.deepEqual(await said(), [`status: Encrypting ${isolated(b.name)}`, sentence]);
    assert.equal(await page.evaluate(() => part('input').getAttribute('aria-invalid')), 'true');
    // That file alone: while another one has failed and this one has not, the same alert stays.
    await page.choose([b]);
    assert.equal((await said()).at(-1), sentence);
    await page.evaluate(() => form.reset());
    assert.deepEqual(
      await page.evaluate(() => [
        part('status').textContent,
        part('alert').textContent,
        part('input').getAttribute('aria-invalid'),
      ]),
      ['', '', 'false'],
    );
  });

  test("a native progress bar bears the file's name, and a long seal is announced at each quarter", async () => {
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
      const found = { localName: bar.localName, max: bar.max, label: label.textContent, hidden: bar.hidden };
      await until(() => statesOf() === 'sealed');
      return { ...found, hiddenAtEnd: bar.hidden };
    });
    assert.deepEqual(bar, {
      localName: 'progress',
      max: 8_000_000,
      label: paper.name,
      hidden: false,
      hiddenAtEnd: true,
    });
    const said = await page.evaluate(() => said);
    assert.deepEqual(
      { first: said.at(0), last: said.at(-1) },
      { first: `Encrypting ${isolated(paper.name)}`, last: `${isolated(paper.name)} encrypted and ready` },
    );
    const percents = said.slice(1, -1).map((text) => Number(/^(\d+) % encrypted$/.exec(text)[1]));
    assert.ok(percents.length >= 1 && percents.length <= 4, said.join('; '));
    assert.deepEqual(
      percents,
      percents.toSorted((x, y) => x - y),
    );
  });

  test('the page can set the texts in another language', async () => {
    await show('required');
    const german = await page.evaluate(() => {
      element.texts = {
        missing: 'Bitte eine Datei wählen.',
        sealed: 'Verschlüsselt',
        remove: 'Entfernen',
        readyOne: '{name} ist bereit',
      };
      return [element.validationMessage, element.texts.cancel, Object.isFrozen(element.texts)];
    });
    assert.deepEqual(german, ['Bitte eine Datei wählen.', 'Cancel', true]);
    const paper = files.create('übersetzt');
    await page.choose([paper]);
    await page.idle();
    const shown = await page.evaluate(() => [
      part('state').textContent,
      part('remove').textContent,
      part('status').textContent,
    ]);
    assert.deepEqual(shown, ['Verschlüsselt', 'Entfernen', `${isolated(paper.name)} ist bereit`]);
    await page.evaluate(() => (element.texts = null));
    assert.equal(await page.evaluate(() => part('state').textContent), 'Encrypted');
  });
});

describe('system settings', () =>
  inBrowsers(
    (page) => {
      const emulate = (features) => page.driver.sendAndGetDevToolsCommand('Emulation.setEmulatedMedia', { features });

      test('forced colours keep border, focus and drop area visible, and show states as words', async () => {
        await page.show(FORM());
        await page.choose([files.create('forced')]);
        await page.idle();
        await emulate([{ name: 'forced-colors', value: 'active' }]);
        const found = await page.evaluate(async () => {
          part('zone').part.add('dragging');
          await Promise.all(
            part('zone')
              .getAnimations()
              .map(({ finished }) => finished),
          );
          const style = getComputedStyle(part('zone'));
          const probe = document.createElement('i');
          probe.style.setProperty('color', 'Highlight');
          document.body.append(probe);
          const { appearance, forcedColorAdjust } = getComputedStyle(part('progress'));
          return {
            isForced: matchMedia('(forced-colors: active)').matches,
            border: style.borderTopStyle,
            outline: `${style.outlineStyle} ${style.outlineWidth}`,
            isHighlighted: style.outlineColor === getComputedStyle(probe).color,
            state: part('state').textContent,
            progress: { appearance, forcedColorAdjust },
          };
        });
        assert.deepEqual(found, {
          isForced: true,
          border: 'dashed',
          outline: 'solid 3px',
          isHighlighted: true,
          state: 'Encrypted',
          progress: { appearance: 'auto', forcedColorAdjust: 'auto' },
        });
      });

      test('reduced motion stops every animation', async () => {
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
    },
    ['chromium'],
  ));
