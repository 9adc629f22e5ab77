// <kmseal-file> where a page expects what a native input does: autofocus, and :user-invalid as a state. And more, where it cannot have the focus.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testForms } from '../support/browsers/forms.mjs';

/* global element, file, form, hold, idle, part, statesOf, until -- of forms.mjs, in the page */

const FILE = (attributes = '') =>
  `<kmseal-file encryption-context='{}' id="doc" name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file>`;
const FORM = (attributes = 'required', of = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload" ${of}>${FILE(attributes)}<button id="send">Send</button></form>`;

const { files, inBrowsers } = testForms();

inBrowsers((page) => {
  const focused = () =>
    page.evaluate(() => [document.activeElement.id, element.shadowRoot.activeElement?.getAttribute('part') ?? null]);

  test('autofocus focuses an element that a script defines after the page was shown', async () => {
    await page.show(FORM('autofocus'));
    assert.deepEqual(await focused(), ['doc', 'input']);
  });

  test('autofocus focuses an element that is inserted into the page', async () => {
    await page.show('<div id="place"></div>');
    const found = await page.evaluate((file) => {
      document.querySelector('#place').innerHTML = file;
      return document.activeElement.id;
    }, FILE('autofocus'));
    assert.equal(found, 'doc');
  });

  test('autofocus does not take the focus from another element, and acts only once', async () => {
    await page.show('<input id="other"><div id="place"></div>');
    const found = await page.evaluate((file) => {
      const other = document.querySelector('#other');
      const place = document.querySelector('#place');
      other.focus();
      place.innerHTML = file;
      const all = [document.activeElement.id];
      other.blur();
      document.body.append(place);
      return [...all, document.activeElement.localName];
    }, FILE('autofocus'));
    assert.deepEqual(found, ['other', 'body']);
  });

  test('an element in a hidden form says so beside what was pressed, and in the console where nothing can be seen', async () => {
    await page.show(`${FORM('', 'novalidate hidden')}<button id="away">Send</button>`);
    const said = await page.evaluate(async () => {
      const held = hold();
      element.files = [file('a.pdf')];
      const said = [];
      console.warn = (text) => said.push(text);
      const send = document.querySelector('#away');
      for (const act of [() => send.focus(), () => send.blur()]) {
        act();
        form.requestSubmit();
        said.push(send.nextElementSibling?.innerText ?? '');
      }
      held.release();
      return said;
    });
    const busy = 'The encryption is not finished. Wait a moment, then try again.';
    assert.deepEqual(said, [busy, `kmseal: nobody can read what a hidden form says: ${busy}`, '']);
  });

  test('a required element that is hidden says so beside the button, unless the page says it itself', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      const button = document.querySelector('button');
      const wrap = document.createElement('div');
      element.before(wrap);
      wrap.append(element);
      const tell = () => {
        button.click();
        return document.querySelector('[role=alert]')?.textContent ?? '';
      };
      const texts = { shown: tell() };
      addEventListener('invalid', (event) => event.preventDefault(), { capture: true, once: true });
      element.hidden = true;
      texts.itself = tell();
      const hide = {
        hidden: () => (element.hidden = true),
        invisible: () => (element.style.visibility = 'hidden'),
        skipped: () => (wrap.style.contentVisibility = 'hidden'),
        inert: () => (wrap.inert = true),
        outside() {
          element.hidden = true;
          document.body.append(button);
          form.id = 'form';
          button.setAttribute('form', 'form');
        },
        'behind a modal dialogue': () => {
          const dialog = document.createElement('dialog');
          document.body.append(dialog);
          dialog.append(button);
          dialog.showModal();
        },
      };
      for (const [how, set] of Object.entries(hide)) {
        element.hidden = false;
        set();
        texts[how] = tell();
        element.files = [file('a.pdf')];
        await idle();
        if (document.querySelector('[role=alert]')) texts[how] += ' It stays.';
        element.value = '';
        element.style.visibility = '';
        wrap.style.contentVisibility = '';
        wrap.inert = false;
      }
      return texts;
    });
    const told = 'Choose a file.';
    assert.deepEqual(found, {
      shown: '',
      itself: '',
      hidden: told,
      invisible: told,
      skipped: told,
      inert: told,
      outside: told,
      'behind a modal dialogue': told,
    });
  });

  describe(':state(user-invalid)', () => {
    const isSet = () =>
      page.evaluate(() => [
        element.matches(':state(user-invalid)'),
        part('input').getAttribute('aria-invalid'),
        part('zone').part.contains('invalid'),
      ]);
    const [no, yes] = [
      [false, 'false', false],
      [true, 'true', true],
    ];

    test(':state(user-invalid) is not set before the person acts, or when a script only checks validity', async () => {
      await page.show(FORM());
      assert.equal(await page.evaluate(() => form.checkValidity() || element.checkValidity()), false);
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
      assert.deepEqual(await isSet(), no);
    });

    test(':state(user-invalid) is set when a button that submits the form is pressed', async () => {
      await page.show(FORM());
      await page.driver.findElement({ id: 'send' }).click();
      assert.deepEqual(await isSet(), yes);
      await page.evaluate(() => form.reset());
      assert.deepEqual(await isSet(), no);
    });

    test(':state(user-invalid) is set when a script requests submission or reports validity', async () => {
      for (const way of ['requestSubmit', 'reportValidity']) {
        await page.show(FORM());
        await page.evaluate((way) => form[way](), way);
        assert.deepEqual(await isSet(), yes, way);
      }
    });

    test(':state(user-invalid) is set when the person removes the only file, and not while a file is sealed', async () => {
      await page.show(FORM());
      await page.choose([files.create('a')]);
      const while_ = await page.evaluate(async () => {
        const seen = [];
        new MutationObserver(() => seen.push(element.matches(':state(user-invalid)'))).observe(element.shadowRoot, {
          subtree: true,
          childList: true,
          attributes: true,
        });
        await idle();
        return seen.includes(true);
      });
      assert.equal(while_, false);
      assert.deepEqual(await isSet(), no);
      await page.evaluate(() => part('remove').click());
      assert.deepEqual(await isSet(), yes);
    });

    test(':state(user-invalid) is set after a failure, and when a form with novalidate is held back', async () => {
      await page.show(FORM('', 'novalidate'));
      await page.evaluate(() => (element.keySrc = '/none'));
      await page.choose([files.create('b')]);
      await page.evaluate(() => until(() => statesOf() === 'failed'));
      assert.deepEqual(await isSet(), yes);
    });
  });
});
