// What <kmseal-file> binds envelopes to: the context that the page set last, or nothing is sealed and the person is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANY_ENGINE } from '../../tools/browsers.mjs';
import { printed } from '../../tools/kms.mjs';
import { testForms } from '../support/browsers/forms.mjs';
import { HELD_BACK, lookHeldBack } from '../support/browsers/held-back.mjs';

/* global element, events, form, idle, kmseal, part, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <div id="around"><kmseal-file name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file></div><button>Send</button>
  </form>`;

const { forms, files, inBrowsers } = testForms();

inBrowsers((page, name) => {
  /** What a script sends of the form once nothing is being sealed, opened. */
  async function sent() {
    await page.post();
    return forms.arrived();
  }

  test('nothing is sealed before a context is set, and files chosen earlier are sealed as soon as one is', async () => {
    const paper = files.create('unbound');
    await page.show(FORM());
    const empty = await page.evaluate(() => {
      globalThis.logged = [];
      console.error = (error) => logged.push(error.message);
      return [form.checkValidity(), element.encryptionContext];
    });
    assert.deepEqual(empty, [true, null]);
    await page.choose([paper]);
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
    const told = await page.evaluate(() => [events.filter(([type]) => type === 'sealerror'), logged]);
    assert.deepEqual(told[0], [['sealerror', paper.name, 'ERR_CONTEXT']]);
    assert.match(told[1].join(), /^this kmseal-file has no encryption context.*\{\} stands for no context$/);
    await page.evaluate(() => part('retry').click());
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
    await page.evaluate(() => (element.encryptionContext = undefined));
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
    await page.evaluate(() => (element.encryptionContext = {}));
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: {} }]);
  });

  test('a context that is refused before the element is defined neither blocks the form forever nor lets it go', async () => {
    const paper = files.create('early');
    for (const { property, value } of [
      { property: 'encryptionContext', value: { user: 2 } },
      { property: 'sealer', value: {} },
      { property: 'value', value: 'x' },
    ]) {
      forms.show(FORM('encryption-context=\'{"user":"1"}\''));
      await page.driver.get(`${forms.origin}/form`);
      await page.driver.executeScript(
        (property, value) => (document.querySelector('kmseal-file')[property] = value),
        property,
        value,
      );
      await page.evaluate(async () => {
        globalThis.thrown = [];
        addEventListener('error', ({ message }) => thrown.push(message));
        await import('/dist/define.js');
      });
      await page.choose([paper]);
      const states = await page.evaluate(async () => {
        const element = document.querySelector('kmseal-file');
        while (!element.matches(':state(failed), :state(sealed)'))
          await new Promise((resolve) => setTimeout(resolve, 10));
        return {
          failed: element.matches(':state(failed)'),
          valid: element.checkValidity(),
          sent: new FormData(element.form).has('doc'),
          thrown,
        };
      });
      // A wrong value says nothing about what the file is bound to.
      const isSent = property === 'value';
      assert.deepEqual(states, { failed: !isSent, valid: isSent, sent: isSent, thrown: [] }, property);
      await page.evaluate(
        (property) =>
          (document.querySelector('kmseal-file')[property] = property === 'encryptionContext' ? { user: '1' } : null),
        property,
      );
      if (property === 'value') continue;
      await page.evaluate(async () => {
        const element = document.querySelector('kmseal-file');
        while (!element.matches(':state(sealed)')) await new Promise((resolve) => setTimeout(resolve, 10));
        await fetch('/upload', { method: 'POST', body: new FormData(element.form) });
      });
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '1' } }]);
    }
  });

  test('a context survives cloneNode, innerHTML += and a template, as an attribute or a property', async () => {
    const recreate = {
      clone: () => element.replaceWith(element.cloneNode(true)),
      html: () => (document.querySelector('#around').innerHTML += '<p>more</p>'),
      form: () => (document.body.innerHTML += ''),
      template: () => {
        const template = document.createElement('template');
        template.innerHTML = document.querySelector('#around').innerHTML;
        document.querySelector('#around').replaceChildren(template.content.cloneNode(true));
      },
    };
    await page.show('');
    for (const [how, again] of Object.entries(recreate)) {
      // Every clone has the attribute: an engine could lose the property.
      for (const attribute of ANY_ENGINE.includes(name) ? [true, false] : [false]) {
        const paper = files.create(`${how} ${attribute}`);
        await page.replace(FORM(attribute ? `encryption-context='{"user":"7"}'` : ''));
        if (!attribute) await page.evaluate(() => (element.encryptionContext = { user: '7' }));
        await page.evaluate(again);
        await page.choose([paper]);
        assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '7' } }], `${how} ${attribute}`);
      }
    }
  });

  // Our script decides which contexts are taken. That the form is held back without one, and that clones keep theirs, is above.
  if (!ANY_ENGINE.includes(name)) return;

  test("a context of the page's own Sealer counts as set; a Sealer without one does not", async () => {
    const paper = files.create('sealer');
    await page.show(FORM());
    await page.choose([paper]);
    const use = (options) =>
      page.evaluate(
        async (json, options) => {
          element.sealer = new kmseal.Sealer({ keys: [await kmseal.KmsPublicKey.import(json)], ...options });
        },
        JSON.stringify(printed(forms.key)),
        options,
      );
    await use({});
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
    await use({ encryptionContext: { by: 'the page' } });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { by: 'the page' } }]);
    await use({ encryptionContext: {} });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: {} }]);
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    await use({ encryptionContext: { by: 'the page' } });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { by: 'the page', user: '4711' } }]);
  });

  test('a refused context blocks sealing and sending until a valid one is set, even if the exception was swallowed', async () => {
    const paper = files.create('refused');
    await page.show(FORM());
    await page.evaluate(() => {
      class Account {
        get user() {
          return '2';
        }
      }
      const frame = document.body.appendChild(document.createElement('iframe')).contentWindow;
      globalThis.other = frame.Object;
      globalThis.bad = {
        number: { user: 2 },
        missing: { user: undefined },
        inherited: Object.create({ user: '2' }),
        bare: Object.create({ __proto__: null, user: '2' }),
        accessors: new Account(),
        symbol: { [Symbol('user')]: '2' },
        map: new Map([['user', '2']]),
        list: ['2'],
        number7: 7,
        yes: true,
        word: 'user',
        nested: { user: { id: '2' } },
        elsewhere: frame.Object.create({ user: '2' }),
        throws: {
          get user() {
            throw new Error('no');
          },
        },
        pairs: '[["user","2"]]',
        object: '[object Object]',
        json: '{"user":2}',
        cut: '{"user":"2',
        none: 'null',
      };
      element.encryptionContext = { user: '1' };
    });
    await page.choose([paper]);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '1' } }]);
    const found = await page.evaluate(async () => {
      const outcomes = {};
      const look = async (name) => {
        await idle();
        form.requestSubmit();
        const outcome = [
          statesOf(),
          values().length,
          element.files.length,
          element.value,
          form.checkValidity(),
          element.encryptionContext,
        ];
        const clone = element.cloneNode(true).getAttribute('encryption-context');
        outcomes[name] = [...outcome, clone].join();
        element.encryptionContext = { user: '1' };
        await idle();
      };
      for (const [name, context] of Object.entries(bad)) {
        try {
          element.encryptionContext = context;
          outcomes[name] = 'taken';
        } catch (error) {
          if (!(error instanceof TypeError) && name !== 'throws') outcomes[name] = error.name;
        }
        await look(name);
        if (typeof context !== 'string') continue;
        element.setAttribute('encryption-context', context);
        await look(`attribute ${name}`);
      }
      return outcomes;
    });
    for (const [name, outcome] of Object.entries(found)) {
      const kept = name.startsWith('attribute') ? await page.evaluate((key) => bad[key], name.slice(10)) : '';
      assert.equal(outcome, `failed,0,0,,false,,${kept}`, name);
    }
    assert.equal(Object.keys(found).length, 25);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '1' } }]);
    await page.evaluate(() => (element.encryptionContext = other.assign(new other(), { user: '3' })));
    assert.deepEqual(
      await sent(),
      [{ bytes: paper.bytes, context: { user: '3' } }],
      'plain objects of another window are taken',
    );
  });

  test('an object that a framework wrote into the attribute is reported as such', async () => {
    await page.show(FORM());
    const messages = await page.evaluate(() => {
      const messages = [];
      console.error = (error) => messages.push(error.message);
      element.setAttribute('encryption-context', { user: '1' });
      element.setAttribute('encryptionContext', { user: '1' });
      element.encryptionContext = {};
      element.setAttribute('encryption-context', '{"user":1}');
      return messages;
    });
    const object =
      /^encryption-context is "\[object Object\]": an object was set as an attribute; set the property encryptionContext/;
    assert.match(messages[0], object);
    assert.match(messages[1], object);
    assert.match(messages[2], /"user"/);
  });

  test('the context that was set last wins, attribute or property, as JSON or as an object', async () => {
    const paper = files.create('last');
    await page.show(FORM('encryption-context=\'{"user":"1"}\''));
    await page.choose([paper]);
    const sentAfter = async (set) => {
      await page.evaluate(set);
      return (await sent()).map(({ context }) => context);
    };
    assert.deepEqual(await sentAfter(() => {}), [{ user: '1' }]);
    assert.deepEqual(await sentAfter(() => (element.encryptionContext = { user: '2' })), [{ user: '2' }]);
    assert.deepEqual(await sentAfter(() => element.setAttribute('encryption-context', '{"user":"3"}')), [
      { user: '3' },
    ]);
    assert.deepEqual(await sentAfter(() => (element.encryptioncontext = { user: '4' })), [{ user: '4' }]);
    assert.deepEqual(await sentAfter(() => (element.encryptionContext = '{"user":"5"}')), [{ user: '5' }]);
    assert.deepEqual(await sentAfter(() => element.setAttribute('encryptionContext', '{"user":"6"}')), [{ user: '6' }]);
    assert.deepEqual(
      await page.evaluate(() => [element.getAttribute('encryption-context'), element.encryptioncontext]),
      ['{"user":"6"}', { user: '6' }],
    );
    await page.evaluate(() => element.removeAttribute('encryption-context'));
    assert.deepEqual(await lookHeldBack(page), HELD_BACK);
  });

  test('a beforeseal listener on the document sets the context of elements that are added later', async () => {
    const paper = files.create('listened');
    await page.show('<form></form>');
    await page.evaluate(() => {
      document.addEventListener('beforeseal', ({ target }) => (target.encryptionContext = { user: '8' }));
      form.innerHTML = '<kmseal-file name="doc" key-src="/kms-public-key.json"></kmseal-file>';
    });
    await page.choose([paper]);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '8' } }]);
  });
});
