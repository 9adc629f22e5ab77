// How <kmseal-file> looks: a sign and a colour for each state, sizes, the page's colours and lengths, and bidirectional names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, hold, idle, part, parts, statesOf, until -- of forms.mjs, in the page */

const FORM = (attributes = 'multiple') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <label for="doc">Identity paper</label>
    <kmseal-file encryption-context='{}' id="doc" name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file>
  </form>`;
const LANGUAGES = ['ar', 'de', 'es', 'fr', 'it', 'ja', 'pl', 'pt'];

const { inBrowsers } = testForms();

inBrowsers((page) => {
  test('each state has its own sign, colour and word', async () => {
    await page.show(FORM());
    const states = await page.evaluate(async () => {
      const look = (state) => {
        const item = part(`item-${state}`);
        const find = (name) => item.querySelector(`[part~=${name}]`);
        const { stroke } = getComputedStyle(find('sign'));
        return {
          state,
          path: find('sign').firstChild.getAttribute('d'),
          colour: stroke,
          word: find('state').textContent,
          hidden: find('sign').getAttribute('aria-hidden'),
        };
      };
      const held = hold();
      element.files = ['a', 'b'].map((name) => new File(['x'], name));
      await until(() => part('item-sealing'));
      const all = [look('sealing'), look('waiting')];
      held.release();
      await idle();
      all.push(look('sealed'));
      element.keySrc = '/none';
      await until(() => statesOf() === 'failed');
      all.push(look('failed'));
      element.addEventListener('beforeseal', (event) => event.waitUntil(new Promise(() => {})));
      element.files = [new File(['x'], 'c')];
      await until(() => part('item-checking'));
      all.push(look('checking'));
      return all;
    });
    for (const aspect of ['path', 'word']) assert.equal(new Set(states.map((state) => state[aspect])).size, 5, aspect);
    // A file that waits for its turn, or for the page, looks quiet.
    assert.equal(new Set(states.map(({ colour }) => colour)).size, 4);
    assert.ok(states.every(({ hidden }) => hidden === 'true'));
  });

  test('sizes are shown beside names, in the language of the texts, and a hint says where to drop', async () => {
    await page.show(FORM(''));
    const found = await page.evaluate(async () => {
      const { de } = await import('/dist/locales.js');
      const hints = [part('hint').textContent];
      element.multiple = true;
      hints.push(part('hint').textContent);
      element.files = [new File([new Uint8Array(1_834_000)], 'a'), new File(['x'.repeat(912)], 'b')];
      const sizes = () => parts('size').map(({ textContent }) => textContent.replace(/\s/g, ' '));
      const english = sizes();
      element.texts = de;
      return [hints, english, sizes(), part('hint').textContent];
    });
    assert.deepEqual(found, [
      ['Or drop a file here', 'Or drop files here'],
      ['1.8 MB', '912 bytes'],
      ['1,8 MB', '912 Byte'],
      'Oder Dateien hierher ziehen',
    ]);
  });

  test('five CSS variables of the page set accent, border, danger, radius and gap', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`kmseal-file { --kmseal-accent: rgb(1, 2, 3); --kmseal-border: rgb(4, 5, 6); --kmseal-danger: rgb(7, 8, 9);
        --kmseal-radius: 11px; --kmseal-gap: 13px; --accent: red; --border: red; --gap: 0; }`);
      document.adoptedStyleSheets = [sheet];
      const held = hold();
      element.files = [new File(['x'], 'a')];
      await until(() => part('item-sealing'));
      const accents = [getComputedStyle(part('sign')).stroke, getComputedStyle(part('state')).color];
      held.release();
      element.keySrc = '/none';
      await until(() => statesOf() === 'failed');
      const zone = getComputedStyle(part('zone'));
      const dangers = [
        getComputedStyle(part('sign')).stroke,
        getComputedStyle(part('state')).color,
        getComputedStyle(part('error')).color,
      ];
      const border = getComputedStyle(part('item')).borderTopColor;
      return { accents, dangers, border, radius: zone.borderTopLeftRadius, gap: zone.paddingTop };
    });
    assert.deepEqual(found, {
      accents: Array(2).fill('rgb(1, 2, 3)'),
      dangers: Array(3).fill('rgb(7, 8, 9)'),
      border: 'rgb(4, 5, 6)',
      radius: '11px',
      gap: '13px',
    });
  });

  test('a disabled element looks disabled, including its rows', async () => {
    await page.show(`<fieldset>${FORM()}</fieldset>`);
    const [before, after] = await page.evaluate(async () => {
      element.files = [new File(['x'], 'a')];
      await idle();
      const look = () =>
        ['zone', 'name', 'size', 'state', 'remove', 'hint']
          .map((name) => getComputedStyle(part(name)).color)
          .concat(
            getComputedStyle(part('sign')).stroke,
            getComputedStyle(part('remove')).cursor,
            String(part('remove').disabled),
          );
      const before = look();
      document.querySelector('fieldset').disabled = true;
      await until(() => part('remove').disabled);
      return [before, look()];
    });
    after.forEach((value, index) => assert.notEqual(value, before[index]));
    assert.equal(new Set(after.slice(0, 7)).size, 1);
  });

  test('bidirectional control characters in a name do not affect rows, sentences, the live region or the native input', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      const names = ['invoice\u202efdp.exe', '\u2069\u202eabc', 'ورقة.pdf'];
      element.files = names.map((name) => new File(['x'], name));
      await idle();
      const styles = parts('name').map((node) => getComputedStyle(node).unicodeBidi);
      // Each letter stands to the right of the one before.
      const [text] = parts('name')[0].childNodes;
      const lefts = Array.from(text.data, (_, index) => {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + 1);
        return range.getBoundingClientRect().left;
      });
      const inOrder = lefts.every((left, index) => index === 0 || left > lefts[index - 1]);
      const directions = parts('name').map((node) => getComputedStyle(node).direction);
      element.files = [new File(['x'], names[0])];
      await idle();
      const said = part('status').textContent;
      const inInput = Array.from(part('input').files, ({ name }) => name);
      parts('remove')[0].click();
      return { styles: [...new Set(styles)], inOrder, directions, said, inInput, removed: part('status').textContent };
    });
    assert.deepEqual(found, {
      styles: ['isolate'],
      inOrder: true,
      directions: ['ltr', 'ltr', 'rtl'],
      said: '\u2068invoicefdp.exe\u2069 encrypted and ready',
      inInput: ['invoicefdp.exe'],
      removed: '\u2068invoicefdp.exe\u2069 removed',
    });
  });

  test('every language fits 320 px in every state, also with text of 200 %', async () => {
    await page.show(FORM());
    const wide = await page.evaluate(async (languages) => {
      const locales = await import('/dist/locales.js');
      document.body.style.cssText = 'margin: 0; inline-size: 320px';
      const found = [];
      element.files = ['paper.pdf', 'b.pdf'].map((name) => new File(['x'], name));
      for (const { key, failed } of [
        { key: '/none', failed: true },
        { key: '/kms-public-key.json', failed: false },
      ]) {
        element.keySrc = key;
        await until(() => statesOf() === (failed ? 'failed' : 'sealed'));
        for (const language of languages) {
          element.texts = locales[language];
          document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
          for (const size of ['100%', '200%']) {
            document.documentElement.style.fontSize = size;
            const { width } = element.getBoundingClientRect();
            if (width > 320 || part('zone').scrollWidth > part('zone').clientWidth) found.push([language, size, width]);
          }
        }
      }
      return found;
    }, LANGUAGES);
    assert.deepEqual(wide, []);
  });

  test('text is readable on light and dark pages, with a contrast of 4.5 for text and 3 for signs', async () => {
    await page.show(FORM());
    const weak = await page.evaluate(async () => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const rgb = (colours) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const colour of colours) {
          canvas.fillStyle = colour;
          canvas.fillRect(0, 0, 1, 1);
        }
        return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((value) => value / 255);
      };
      const luminance = (colours) => {
        const [r, g, b] = rgb(colours).map((value) =>
          value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (colour, grounds) => {
        const [dark, light] = [luminance(grounds), luminance([...grounds, colour])].sort((a, b) => a - b);
        return (light + 0.05) / (dark + 0.05);
      };
      const weak = [];
      const check = (when, ground) => {
        for (const { name, least } of [
          { name: 'name', least: 4.5 },
          { name: 'size', least: 4.5 },
          { name: 'state', least: 4.5 },
          { name: 'code', least: 4.5 },
          { name: 'hint', least: 4.5 },
          { name: 'error', least: 4.5 },
          { name: 'remove', least: 4.5 },
          { name: 'sign', least: 3 },
        ]) {
          const node = part(name);
          if (!node) continue;
          const style = getComputedStyle(node);
          const own = ['error', 'remove'].includes(name) ? [ground, style.backgroundColor] : [ground];
          const ratio = contrast(name === 'sign' ? style.stroke : style.color, own);
          if (ratio < least) weak.push([when, ground, name, ratio]);
        }
      };
      for (const { ground, colour } of [
        { ground: '#fff', colour: '#000' },
        { ground: '#fff', colour: '#333' },
        { ground: '#121212', colour: '#fff' },
        { ground: '#1e1e1e', colour: '#ddd' },
        { ground: '#000', colour: '#ccc' },
      ]) {
        Object.assign(document.body.style, { background: ground, color: colour });
        element.keySrc = '/none';
        element.files = [new File(['x'], 'a')];
        await until(() => statesOf() === 'failed');
        check('failed', ground);
        const held = hold();
        element.keySrc = '/kms-public-key.json';
        await until(() => part('item-sealing'));
        check('sealing', ground);
        held.release();
        await idle();
        check('sealed', ground);
      }
      return weak;
    });
    assert.deepEqual(weak, []);
  });
});
