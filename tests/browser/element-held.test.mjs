// <kmseal-file> holds its form back while a file is not sealed, also where constraint validation does not, and says why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { KEY_UNREACHABLE, testForms } from '../support/browsers/forms.mjs';

/* global element, events, form, hold, held, idle, part, statesOf, until, values, warnings -- of forms.mjs, in the page */

const FILE = (attributes = '') =>
  `<kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context="{}" ${attributes}></kmseal-file>`;
const FORM = (attributes = '', formAttributes = '', buttonAttributes = '') => `
  <form id="form" method="post" enctype="multipart/form-data" action="/upload" ${formAttributes}>
    <fieldset>${FILE(attributes)}</fieldset><input name="note" value="hello"><button ${buttonAttributes}>Send</button>
  </form>`;
const BUSY = 'The encryption is not finished. Wait a moment, then try again.';

const { forms, files, inBrowsers } = testForms((start) =>
  start({
    routes: (app) => app.get('/no-key', (context) => context.text('no', 503)),
  }),
);

inBrowsers((page, name) => {
  const anyEngine = ANY_ENGINE.includes(name);

  /** Presses the button while a file is being sealed; returns what the page says, and whether another listener saw the event. */
  async function pressWhileSealing(paper) {
    await page.evaluate(() => {
      globalThis.held = hold();
      globalThis.heard = 0;
      form.addEventListener('submit', () => heard++);
      document.addEventListener('submit', () => heard++);
    });
    await page.choose([paper]);
    return page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      document.querySelector('button').click();
      return {
        heard,
        alert: part('alert').textContent,
        notice: document.querySelector('[role=alert]')?.innerText ?? '',
        isFocused: element.shadowRoot.activeElement === part('input'),
      };
    });
  }
  async function pressAgain(paper) {
    await page.evaluate(async () => {
      held.release();
      await idle();
    });
    assert.deepEqual(await page.evaluate(() => [part('alert').textContent, document.querySelector('[role=alert]')]), [
      '',
      null,
    ]);
    await page.press('button');
    await page.sent();
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: {} }]);
  }

  const ways = {
    'novalidate on the form': ['', 'novalidate'],
    'readonly on the element': ['readonly'],
    'formnovalidate on the button': ['', '', 'formnovalidate'],
    'readonly and required': ['readonly required', 'novalidate'],
  };
  // Each engine shows one way that the form goes by, and one that the element does.
  for (const [way, attributes] of Object.entries(ways).slice(0, anyEngine ? undefined : 2)) {
    test(`${way} does not let the form go while a file is sealed, and the element says so`, async () => {
      const paper = files.create(way);
      await page.show(FORM(...attributes));
      const uploads = forms.uploads();
      assert.deepEqual(await pressWhileSealing(paper), { heard: 0, alert: BUSY, notice: '', isFocused: true });
      assert.equal(forms.uploads(), uploads);
      await pressAgain(paper);
    });
  }

  test('an element that is hidden says so beside the button that was pressed', async () => {
    for (const { hide, formAttributes } of [
      { hide: 'hidden', formAttributes: '' },
      { hide: 'hidden', formAttributes: 'novalidate' },
      { hide: 'hidden readonly', formAttributes: '' },
    ].slice(0, anyEngine ? undefined : 1)) {
      const paper = files.create('hidden');
      await page.show(FORM('', formAttributes));
      await page.evaluate((hide) => hide.split(' ').forEach((name) => element.setAttribute(name, '')), hide);
      const uploads = forms.uploads();
      await page.evaluate(() => (globalThis.held = hold()));
      await page.choose([paper]);
      const said = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        document.querySelector('button').click();
        const notice = document.querySelector('button').nextElementSibling;
        return [notice?.getAttribute('role'), notice?.innerText];
      });
      assert.deepEqual(said, ['alert', BUSY], hide);
      assert.equal(forms.uploads(), uploads);
      await pressAgain(paper);
    }
  });

  test('a file that failed holds a form with novalidate back until it is removed', async () => {
    await page.show(FORM('', 'novalidate'));
    await page.evaluate(() => (element.keySrc = '/no-key'));
    const paper = files.create('failing');
    await page.choose([paper]);
    const uploads = forms.uploads();
    const said = await page.evaluate(async () => {
      await idle();
      document.querySelector('button').click();
      return [statesOf(), part('alert').textContent];
    });
    assert.deepEqual(said, ['failed', KEY_UNREACHABLE]);
    assert.equal(forms.uploads(), uploads);
    await page.evaluate(() => part('remove').click());
    await page.press('button');
    await page.sent();
    assert.deepEqual([...(await forms.received()).keys()], ['note']);
  });

  test('a submit event that a script dispatches is held back like any other; one that closes a dialogue is not', async () => {
    const paper = files.create('dispatched');
    await page.show(FORM());
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      let heard;
      form.addEventListener('submit', (event) => {
        heard = true;
        event.preventDefault();
      });
      const dispatch = (type, init) => {
        heard = false;
        form.dispatchEvent(new type('submit', { cancelable: true, bubbles: true, ...init }));
        return heard;
      };
      const reached = { event: dispatch(Event), submit: dispatch(SubmitEvent) };
      const cancel = Object.assign(document.createElement('button'), { formMethod: 'dialog' });
      form.append(cancel);
      reached.cancel = dispatch(SubmitEvent, { submitter: cancel });
      form.method = 'dialog';
      reached.dialog = dispatch(Event);
      return reached;
    });
    assert.deepEqual(found, { event: false, submit: false, cancel: true, dialog: true });
    await page.evaluate(() => (form.method = 'post'));
  });

  test('the element guards only the form that owns it, by the form attribute and after a move', async () => {
    const paper = files.create('owned');
    const other =
      '<form id="other" novalidate method="post" action="/upload"><button id="elsewhere">Send</button></form>';
    await page.show(`${FORM('', 'novalidate')}${other}`);
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([paper]);
    const found = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      const [first, second] = document.forms;
      // Firefox also sends a form for events that scripts dispatch.
      const goes = (form) => {
        let heard = false;
        const listener = (event) => {
          heard = true;
          event.preventDefault();
        };
        form.addEventListener('submit', listener);
        form.dispatchEvent(new Event('submit', { cancelable: true, bubbles: true }));
        form.removeEventListener('submit', listener);
        return heard;
      };
      const all = [[goes(first), goes(second)]];
      element.setAttribute('form', 'other');
      all.push([goes(first), goes(second)]);
      element.removeAttribute('form');
      all.push([goes(first), goes(second)]);
      second.append(element);
      all.push([goes(first), goes(second)]);
      element.disabled = true;
      all.push([goes(first), goes(second)]);
      element.disabled = false;
      element.remove();
      all.push([goes(first), goes(second)]);
      first.append(element);
      all.push([goes(first), goes(second)]);
      return all;
    });
    assert.deepEqual(found, [
      [false, true],
      [true, false],
      [false, true],
      [true, false],
      [true, true],
      [true, true],
      [false, true],
    ]);
  });

  test('a form that is read while a file is sealed does not contain it, and the console says so', async () => {
    await page.show(FORM());
    await page.evaluate(() => (globalThis.held = hold()));
    await page.choose([files.create('read')]);
    const found = await page.evaluate(async () => {
      await until(() => statesOf() === 'sealing');
      const warnings = [];
      console.warn = (text) => warnings.push(text);
      const busy = values();
      held.release();
      await idle();
      return [busy, values().length, warnings];
    });
    assert.deepEqual(found.slice(0, 2), [[['note', 'hello']], 2]);
    assert.match(
      found[2].join(),
      /^kmseal: a kmseal-file has files that are not encrypted, and its form was read without them; ask form.checkValidity\(\) first$/,
    );
  });

  const namesOnly = {
    'without enctype': [{ enctype: null }],
    'of text/plain': [{ enctype: 'text/plain' }],
    'of the method get': [{ method: 'get' }],
    'whose button has a formenctype': [{}, 'formenctype="application/x-www-form-urlencoded"'],
    'whose button has a formmethod': [{}, 'formmethod="get"'],
  };
  test('a form that would send only the names of its files is held back, and page and console say so', async () => {
    // The element reads from attributes what a form would send: each engine shows one of the form and one of the button.
    const cases = Object.entries(namesOnly).filter(
      ([what]) => anyEngine || ['without enctype', 'whose button has a formmethod'].includes(what),
    );
    await page.show('');
    for (const [what, [attributes, button]] of cases) {
      await page.replace(FORM('', '', button));
      await page.choose([files.create('named')]);
      const requests = forms.requests.length;
      const found = await page.evaluate(async (attributes) => {
        await idle();
        for (const [name, value] of Object.entries(attributes)) {
          if (value === null) form.removeAttribute(name);
          else form.setAttribute(name, value);
        }
        const warnings = [];
        console.warn = (text) => warnings.push(text);
        document.querySelector('button').click();
        return [part('alert').textContent, ...warnings];
      }, attributes);
      assert.match(found[0], /^This page is not ready to encrypt files, so nothing is sent\./, what);
      assert.match(
        found[1],
        /would send only the names of its files; set method="post" and enctype="multipart\/form-data"$/,
        what,
      );
      assert.equal(found.length, 2, what);
      assert.deepEqual(
        forms.requests.slice(requests).filter(({ url }) => url === '/upload'),
        [],
        what,
      );
    }
  });

  test('a form that a table has closed would go without the element, so it is held back until the element names it', async () => {
    const paper = files.create('table');
    const attributes = 'id="form" method="post" enctype="multipart/form-data" action="/upload"';
    await page.show(
      `<table><form ${attributes}><tr><td>${FILE()}<input name="note"><td><button>Send</button></tr></form></table>`,
    );
    await page.evaluate(() => {
      globalThis.warnings = [];
      console.warn = (text) => warnings.push(text);
    });
    await page.choose([paper]);
    const uploads = forms.uploads();
    const found = await page.evaluate(async () => {
      await idle();
      const fields = values();
      document.querySelector('button').click();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { fields, alert: part('alert').textContent, warnings };
    });
    assert.deepEqual(found.fields, [['note', '']], 'what a form sends that nothing holds back');
    assert.match(found.alert, /^This page is not ready to encrypt files, so nothing is sent\./);
    const warning = /is between the tags of a form that the browser has closed before, as it does in a table,/;
    assert.equal(found.warnings.length, 2, 'when the file is chosen, and when the form is held back');
    for (const one of found.warnings) assert.match(one, warning);
    assert.equal(forms.uploads(), uploads);

    const heard = await page.evaluate(() => {
      let heard = 0;
      const hear = (event) => {
        event.preventDefault();
        heard++;
      };
      addEventListener('submit', hear, { once: true });
      document.querySelector('button').click();
      removeEventListener('submit', hear);
      element.setAttribute('form', 'form');
      return heard;
    });
    assert.equal(heard, 0, 'a script would read the form without the file');
    await page.press('button');
    await page.sent();
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: {} }]);
  });

  test('a script that submits such a form itself is let through, and so is a form without files', async () => {
    const paper = files.create('scripted');
    await page.show(FORM().replace('enctype="multipart/form-data"', ''));
    await page.choose([paper]);
    await page.evaluate(async () => {
      await idle();
      const answered = Promise.withResolvers();
      addEventListener(
        'submit',
        (event) => {
          event.preventDefault();
          answered.resolve(fetch('/upload', { method: 'POST', body: new FormData(form) }));
        },
        { once: true },
      );
      document.querySelector('button').click();
      await answered.promise;
      element.value = '';
    });
    assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: {} }]);
    await page.press('button');
    await page.sent();
    assert.deepEqual([...(await forms.received()).keys()], ['note']);
  });

  // The sentences are the element's own. Validity and events are above.
  if (!anyEngine) return;

  test('validity comes from states: texts that are empty or not strings fall back to English, and never make the form valid', async () => {
    const paper = files.create('texts');
    const sentences = { busy: BUSY, keyUnreachable: KEY_UNREACHABLE };
    await page.show('');
    for (const nothing of [undefined, null, '', '  ', 0, {}]) {
      await page.replace(FORM());
      await page.evaluate((nothing) => {
        const texts = {};
        for (const key of Object.keys(element.texts)) texts[key] = nothing;
        element.texts = texts;
        element.texts = { ...texts, startedOne: nothing, busy: nothing, keyUnreachable: nothing, readyOne: nothing };
        globalThis.held = hold();
      }, nothing);
      await page.choose([paper]);
      const found = await page.evaluate(async () => {
        await until(() => statesOf() === 'sealing');
        const all = [[form.checkValidity(), element.validationMessage]];
        held.release();
        await idle();
        all.push([form.checkValidity(), values().length]);
        element.keySrc = '/no-key';
        await idle();
        all.push([form.checkValidity(), element.validationMessage, values().length]);
        return all;
      });
      assert.deepEqual(
        found,
        [
          [false, sentences.busy],
          [true, 2],
          [false, sentences.keyUnreachable, 1],
        ],
        String(nothing),
      );
    }
    const named = await page.evaluate(async () => {
      const watch = await import('/pages/watch.js');
      element.texts = { failedOne: '{name}', unreadable: '{name}', notReady: '{name}', other: 'x' };
      element.keySrc = '/kms-public-key.json';
      watch.whenReading(() => Promise.reject(new Error('gone')));
      element.files = [new File(['x'], '')];
      await idle();
      return {
        valid: form.checkValidity(),
        message: element.validationMessage,
        takesOthers: Object.hasOwn(element.texts, 'other'),
      };
    });
    assert.deepEqual(named, {
      valid: false,
      message: ' could not be read, so nothing is sent. Choose it again, or remove it.',
      takesOthers: false,
    });
  });
});
