// The box of <kmseal-file>: it fits its container, keeps its size while it works, and its buttons stay where they are.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, form, hold, idle, part, parts, statesOf, until -- of forms.mjs, in the page */

const KEY = 'key-src="/kms-public-key.json"';
const FORM = (attributes = 'multiple') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <label for="doc">Identity paper</label>
    <kmseal-file encryption-context='{}' id="doc" name="doc" ${KEY} ${attributes}></kmseal-file>
    <button>Send</button>
  </form>`;
/** As wide as the narrowest phones. */
const NARROW = 320;
/** A word and a name without a break opportunity, and long sentences. */
const LONG = {
  word: 'Datenverschlüsselungsvorgang',
  name: `${'a-very-long-name-without-a-space'.repeat(6)}.pdf`,
};

const { inBrowsers } = testForms();

inBrowsers((page, name) => {
  /** Files in each state, in an element `width` pixels wide; returns the element's own overflow and that of all its parts. */
  const overflow = (setting) =>
    page.evaluate(async ({ width, size = '100%', dir = 'ltr', texts = null, names, container = 'block' }) => {
      Object.assign(document.documentElement, { dir });
      document.documentElement.style.fontSize = size;
      document.body.style.cssText = `margin: 0; inline-size: ${width}px; display: ${container}; grid-template-columns: 1fr`;
      element.texts = texts;
      element.keySrc = '/none';
      element.files = names.map((name) => new File(['x'], name));
      await until(() => statesOf() === 'failed');
      const found = [];
      const look = (when) => {
        const { right, left } = element.getBoundingClientRect();
        const out = [...element.shadowRoot.querySelectorAll('*')].filter((node) => {
          const box = node.getBoundingClientRect();
          return (
            node.getClientRects().length > 0 &&
            !node.part?.contains('status') &&
            (box.right > right + 0.5 || box.left < left - 0.5)
          );
        });
        const wide = right - left > width + 0.5 || part('zone').scrollWidth > part('zone').clientWidth;
        if (wide || out.length > 0) found.push([when, right - left, ...out.map((node) => node.getAttribute('part'))]);
      };
      look('failed');
      const held = hold();
      element.keySrc = '/kms-public-key.json';
      await until(() => statesOf() === 'sealing');
      look('sealing');
      held.release();
      await until(() => statesOf() === 'sealed');
      look('sealed');
      return found;
    }, setting);

  const settings = {
    'a page of 320 px': { names: ['paper.pdf', 'b.pdf'] },
    'long names': { names: [LONG.name, 'W'.repeat(255)] },
    'right-to-left text': { dir: 'rtl', names: ['ورقة.pdf', LONG.name] },
    'text of 200 %': { size: '200%', names: ['paper.pdf', LONG.name] },
    'long words of another language': {
      names: ['paper.pdf'],
      texts: Object.fromEntries(
        ['waiting', 'sealing', 'sealed', 'failed', 'cancel', 'remove', 'retry', 'keyUnreachable', 'dropMany'].map(
          (key) => [key, LONG.word],
        ),
      ),
    },
    'all of that': {
      size: '200%',
      dir: 'rtl',
      names: [LONG.name],
      texts: Object.fromEntries(
        ['waiting', 'sealing', 'sealed', 'failed', 'cancel', 'remove', 'retry', 'keyUnreachable'].map((key) => [
          key,
          LONG.word,
        ]),
      ),
    },
  };
  describe('nothing is too wide', () => {
    // Each setting sets all that the others do.
    before(() => page.show(FORM().replace('<form', '<form style="min-inline-size: 0; inline-size: 100%"')));

    for (const [what, setting] of Object.entries(settings)) {
      // What fits with names that cannot break, and with everything at once, fits with less: each engine shows these.
      if (!ANY_ENGINE.includes(name) && !['long names', 'all of that'].includes(what)) continue;
      for (const container of ['block', 'grid', 'flex']) {
        test(`nothing is wider than its ${container} container with ${what}`, async () => {
          assert.deepEqual(await overflow({ width: NARROW, container, ...setting }), []);
        });
      }
    }
  });

  test('a fieldset, which is as wide as its content needs, also fits a page of 320 px', async () => {
    await page.show(`<form><fieldset style="margin: 0">${FORM()}</fieldset></form>`);
    const [width, room] = await page.evaluate(async () => {
      document.body.style.cssText = 'margin: 0; inline-size: 320px';
      element.files = [new File(['x'], 'paper.pdf')];
      await idle();
      return [document.querySelector('fieldset').getBoundingClientRect().width, 320];
    });
    assert.ok(width <= room, `${width}`);
  });

  test('the element keeps its size from choice to end, and its buttons keep their places', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      document.body.style.cssText = 'margin: 0; inline-size: 320px';
      const held = hold();
      element.files = ['a.pdf', 'b.pdf', 'c.pdf'].map((name) => new File(['x'.repeat(2000)], name));
      const boxes = () =>
        JSON.stringify(
          [element, ...parts('item'), ...parts('remove')].map((node) => {
            const { left, top, width, height } = node.getBoundingClientRect();
            return [left, top, width, height].map((length) => Math.round(length * 4) / 4);
          }),
        );
      await until(() => statesOf() === 'sealing');
      const all = [boxes()];
      const observer = new MutationObserver(() => all.push(boxes()));
      observer.observe(element.shadowRoot, { subtree: true, childList: true, attributes: true, characterData: true });
      held.release();
      await until(() => statesOf() === 'sealed');
      await new Promise((resolve) => requestAnimationFrame(resolve));
      all.push(boxes());
      return { looks: all.length, different: [...new Set(all)].length };
    });
    assert.ok(found.looks > 3);
    assert.equal(found.different, 1);
  });

  test("a line of CSS in the page reserves the element's height before it is defined", async () => {
    await page.show(FORM());
    const heights = await page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      // As the documents have it.
      sheet.replaceSync('kmseal-file:not(:defined) { display: block; min-block-size: 6em }');
      document.adoptedStyleSheets = [sheet];
      return ['100%', '200%', '75%'].map((size) => {
        document.documentElement.style.fontSize = size;
        const undefined_ = document.createElement('div');
        undefined_.innerHTML = '<kmseal-file></kmseal-file>';
        const frame = document.createElement('iframe');
        document.body.append(frame);
        const other = frame.contentDocument;
        other.documentElement.style.fontSize = size;
        const inner = new frame.contentWindow.CSSStyleSheet();
        inner.replaceSync('kmseal-file:not(:defined) { display: block; min-block-size: 6em }');
        other.adoptedStyleSheets = [inner];
        other.body.innerHTML = '<kmseal-file></kmseal-file>';
        const before = other.querySelector('kmseal-file').getBoundingClientRect().height;
        frame.remove();
        return [before, element.getBoundingClientRect().height];
      });
    });
    for (const [before, after] of heights) assert.equal(before, after);
    assert.equal(new Set(heights.flat()).size, 3);
  });

  test('text beside the element aligns with its first line, not with its last', async () => {
    for (const display of ['block', 'inline-block']) {
      await page.show(
        `<div id="row"><span id="text">Paper</span><kmseal-file encryption-context='{}' name="doc" multiple ${KEY}></kmseal-file></div>`,
      );
      const [text, top, input, height] = await page.evaluate(async (display) => {
        Object.assign(
          document.querySelector('#row').style,
          display === 'block' ? { display: 'flex', alignItems: 'baseline' } : {},
        );
        element.style.display = display;
        element.files = ['a', 'b', 'c', 'd'].map((name) => new File(['x'], name));
        await until(() => statesOf() === 'sealed');
        const { top, height } = element.getBoundingClientRect();
        return [
          document.querySelector('#text').getBoundingClientRect().bottom,
          top,
          part('input').getBoundingClientRect().bottom,
          height,
        ];
      }, display);
      assert.ok(text <= input + 1 && text > top, `${display}: ${[text, top, input, height]}`);
      assert.ok(height > 2 * (input - top), 'the list is longer than its first line');
    }
  });

  test('everything that can be pressed is at least 44 px high and wide on coarse pointers', async () => {
    await page.show(FORM());
    const [fine, coarse] = await page.evaluate(async () => {
      element.style.fontSize = '12px';
      element.keySrc = '/none';
      element.files = ['a', 'b'].map((name) => new File(['x'], name));
      await until(() => statesOf() === 'failed' && !part('retry-all').hidden);
      const sizes = () =>
        ['input', 'retry', 'remove', 'retry-all'].map((name) => {
          const { width, height } = part(name).getBoundingClientRect();
          return Math.min(width, height);
        });
      const before = Math.min(...sizes());
      const rules = [...element.shadowRoot.adoptedStyleSheets[0].cssRules].filter(
        ({ media }) => media?.mediaText === '(pointer: coarse)',
      );
      // There is no finger here.
      for (const { media } of rules) media.mediaText = 'all';
      const after = Math.min(...sizes());
      for (const { media } of rules) media.mediaText = '(pointer: coarse)';
      return [before, after];
    });
    assert.ok(fine < 44 && coarse >= 44, `${fine}, ${coarse}`);
  });
});
