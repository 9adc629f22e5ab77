// What <kmseal-file> binds envelopes to: the context that the page set last, or nothing is sealed and the person is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printed } from '../../scripts/lib/kms.mjs';
import { testForms } from '../support/forms.mjs';

/* global element, events, form, idle, kmseal, part, statesOf, until, values -- of forms.mjs, in the page */

const FORM = (attributes = '') => `
  <form method="post" enctype="multipart/form-data" action="/upload">
    <div id="around"><kmseal-file name="doc" key-src="/kms-public-key.json" ${attributes}></kmseal-file></div><button>Send</button>
  </form>`;
const NOT_READY = 'This page is not ready to encrypt files, so nothing is sent. Reload the page; if that does not help, tell those who run it.';

const { forms, files, inBrowsers } = testForms();

inBrowsers((page) => {
  /** What a script sends of the form once nothing is being sealed, opened. */
  async function sent() {
    await page.evaluate(async () => {
      globalThis.form = document.querySelector('form');
      await idle(document.querySelector('kmseal-file'));
      await fetch('/upload', { method: 'POST', body: new FormData(form) });
    });
    return forms.arrived();
  }
  const isHeldBack = () => page.evaluate(async () => {
    await idle();
    form.requestSubmit();
    const messages = [element.validationMessage, part('alert').textContent];
    return [statesOf(), values().length, element.files.length, element.value, form.checkValidity(), ...messages];
  });
  const HELD_BACK = ['failed', 0, 0, '', false, NOT_READY, NOT_READY];

  test('nothing is sealed while no context was ever set, and what was chosen is sealed as soon as one is', async () => {
    const paper = files.create('unbound');
    await page.show(FORM());
    const empty = await page.evaluate(() => {
      globalThis.logged = [];
      console.error = (error) => logged.push(error.message);
      return [form.checkValidity(), element.encryptionContext];
    });
    assert.deepEqual(empty, [true, null]);
    await page.choose([paper]);
    assert.deepEqual(await isHeldBack(), HELD_BACK);
    const told = await page.evaluate(() => [events.filter(([type]) => type === 'sealerror'), logged]);
    assert.deepEqual(told[0], [['sealerror', paper.name, 'ERR_CONTEXT']]);
    assert.match(told[1].join(), /^this kmseal-file has no encryption context.*\{\} says that there is to be none$/);
    await page.evaluate(() => part('retry').click());
    assert.deepEqual(await isHeldBack(), HELD_BACK);
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4711' } }]);
    await page.evaluate(() => (element.encryptionContext = undefined));
    assert.deepEqual(await isHeldBack(), HELD_BACK);
    await page.evaluate(() => (element.encryptionContext = {}));
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: {} }]);
  });

  test("a context of the page's own Sealer counts as set, a Sealer without one does not", async () => {
    const paper = files.create('sealer');
    await page.show(FORM());
    await page.choose([paper]);
    const use = (options) => page.evaluate(async (json, options) => {
      element.sealer = new kmseal.Sealer({ keys: await kmseal.KmsPublicKey.import(json), ...options });
    }, JSON.stringify(printed(forms.key)), options);
    await use({});
    assert.deepEqual(await isHeldBack(), HELD_BACK);
    await use({ encryptionContext: { by: 'the page' } });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { by: 'the page' } }]);
    await use({ encryptionContext: {} });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: {} }]);
    await page.evaluate(() => (element.encryptionContext = { user: '4711' }));
    await use({ encryptionContext: { by: 'the page' } });
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { by: 'the page', user: '4711' } }]);
  });

  test('after a refused context nothing is sealed or sent until a good one comes, though the exception was swallowed', async () => {
    const paper = files.create('refused');
    await page.show(FORM());
    await page.evaluate(() => {
      class Account { get user() { return '2'; } }
      const frame = document.body.appendChild(document.createElement('iframe')).contentWindow;
      globalThis.other = frame.Object;
      globalThis.bad = {
        number: { user: 2 }, missing: { user: undefined }, inherited: Object.create({ user: '2' }), bare: Object.create({ __proto__: null, user: '2' }),
        accessors: new Account(), symbol: { [Symbol('user')]: '2' }, map: new Map([['user', '2']]), list: ['2'], number7: 7, yes: true,
        word: 'user', nested: { user: { id: '2' } }, elsewhere: frame.Object.create({ user: '2' }), throws: { get user() { throw new Error('no'); } },
        pairs: '[["user","2"]]', object: '[object Object]', json: '{"user":2}', cut: '{"user":"2', none: 'null',
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
        const outcome = [statesOf(), values().length, element.files.length, element.value, form.checkValidity(), element.encryptionContext];
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
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '3' } }], 'plain objects of another window are taken');
  });

  test('an object that a framework wrote into the attribute is told as that', async () => {
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
    const object = /^encryption-context is "\[object Object\]": an object was set as an attribute; set the property encryptionContext/;
    assert.match(messages[0], object);
    assert.match(messages[1], object);
    assert.match(messages[2], /"user"/);
  });

  test('a context that is refused before the element is defined neither hangs nor opens it', async () => {
    const paper = files.create('early');
    for (const [property, value] of [['encryptionContext', { user: 2 }], ['sealer', {}], ['value', 'x']]) {
      forms.show(FORM("encryption-context='{\"user\":\"1\"}'"));
      await page.driver.get(`${forms.origin}/form`);
      await page.driver.executeScript((property, value) => (document.querySelector('kmseal-file')[property] = value), property, value);
      await page.evaluate(async () => {
        globalThis.thrown = [];
        addEventListener('error', ({ message }) => thrown.push(message));
        await import('/dist/define.js');
      });
      await page.choose([paper]);
      const states = await page.evaluate(async () => {
        const element = document.querySelector('kmseal-file');
        while (!element.matches(':state(failed), :state(sealed)')) await new Promise((resolve) => setTimeout(resolve, 10));
        return [element.matches(':state(failed)'), element.checkValidity(), new FormData(element.form).has('doc'), thrown];
      });
      // A wrong value says nothing about what the file is bound to.
      assert.deepEqual(states, property === 'value' ? [false, true, true, []] : [true, false, false, []], property);
      await page.evaluate((property) => (document.querySelector('kmseal-file')[property] = property === 'encryptionContext' ? { user: '1' } : null), property);
      if (property === 'value') continue;
      await page.evaluate(async () => {
        const element = document.querySelector('kmseal-file');
        while (!element.matches(':state(sealed)')) await new Promise((resolve) => setTimeout(resolve, 10));
        await fetch('/upload', { method: 'POST', body: new FormData(element.form) });
      });
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '1' } }]);
    }
  });

  test('what was set last counts, attribute or property, and JSON is taken as well as an object', async () => {
    const paper = files.create('last');
    await page.show(FORM("encryption-context='{\"user\":\"1\"}'"));
    await page.choose([paper]);
    const sentAfter = async (set) => {
      await page.evaluate(set);
      return (await sent()).map(({ context }) => context);
    };
    assert.deepEqual(await sentAfter(() => {}), [{ user: '1' }]);
    assert.deepEqual(await sentAfter(() => (element.encryptionContext = { user: '2' })), [{ user: '2' }]);
    assert.deepEqual(await sentAfter(() => element.setAttribute('encryption-context', '{"user":"3"}')), [{ user: '3' }]);
    assert.deepEqual(await sentAfter(() => (element.encryptioncontext = { user: '4' })), [{ user: '4' }]);
    assert.deepEqual(await sentAfter(() => (element.encryptionContext = '{"user":"5"}')), [{ user: '5' }]);
    assert.deepEqual(await sentAfter(() => element.setAttribute('encryptionContext', '{"user":"6"}')), [{ user: '6' }]);
    assert.deepEqual(await page.evaluate(() => [element.getAttribute('encryption-context'), element.encryptioncontext]), ['{"user":"6"}', { user: '6' }]);
    await page.evaluate(() => element.removeAttribute('encryption-context'));
    assert.deepEqual(await isHeldBack(), HELD_BACK);
  });

  test('it survives cloneNode, innerHTML += and a template, set as an attribute or as a property', async () => {
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
    for (const [name, again] of Object.entries(recreate)) {
      for (const attribute of [true, false]) {
        const paper = files.create(`${name} ${attribute}`);
        await page.show(FORM(attribute ? `encryption-context='{"user":"7"}'` : ''));
        if (!attribute) await page.evaluate(() => (element.encryptionContext = { user: '7' }));
        await page.evaluate(again);
        await page.choose([paper]);
        assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '7' } }], `${name} ${attribute}`);
      }
    }
  });

  test('a beforeseal listener on the document sets it for elements that come later', async () => {
    const paper = files.create('listened');
    await page.show('<form></form>');
    await page.evaluate(() => {
      document.addEventListener('beforeseal', ({ target }) => (target.encryptionContext = { user: '8' }));
      form.innerHTML = '<kmseal-file name="doc" key-src="/kms-public-key.json"></kmseal-file>';
    });
    await page.choose([paper]);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '8' } }]);
  });

  test('a context that changes in its place is noticed when the form takes the value: it is held back and sealed again', async () => {
    const paper = files.create('in place');
    await page.show(FORM());
    await page.evaluate(() => (element.encryptionContext = globalThis.context = { user: '' }));
    await page.choose([paper]);
    await page.idle();
    const uploads = forms.uploads();
    const told = await page.evaluate(async () => {
      context.user = '4711';
      form.requestSubmit();
      const told = part('alert').textContent;
      await idle();
      return [told, part('alert').textContent];
    });
    assert.deepEqual(told, ['The encryption is not finished. Wait a moment, then try again.', '']);
    assert.equal(forms.uploads(), uploads);
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4711' } }]);

    // A script that sends the form itself gets nothing that is bound to something else, and then what is right.
    const [stale, late] = await page.evaluate(async () => {
      element.form.insertAdjacentHTML('beforeend', '<input name="doc" value="mine">');
      context.user = '4712';
      const stale = new FormData(form).getAll('doc');
      const late = [statesOf(), part('alert').textContent];
      return [stale, late];
    });
    assert.deepEqual([stale, late], [['mine'], ['sealing', 'The encryption is not finished. Wait a moment, then try again.']]);
    await page.evaluate(() => document.querySelector('input[name=doc]').remove());
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4712' } }]);

    await page.evaluate(() => (context.user = 4713));
    assert.deepEqual(await isHeldBack(), HELD_BACK);
    await page.evaluate(() => (context.user = '4713'));
    await page.evaluate(() => form.requestSubmit());
    assert.deepEqual(await sent(), [{ bytes: paper.bytes, context: { user: '4713' } }]);
  });

  test('what is taken out of a form that a script reads is the file of the changed element only', async () => {
    await page.show(FORM());
    const found = await page.evaluate(async () => {
      document.querySelector('#around').insertAdjacentHTML('beforeend', `<kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"2"}'></kmseal-file>`);
      const other = document.querySelector('kmseal-file:last-child');
      element.encryptionContext = globalThis.context = { user: '1' };
      element.metaName = 'meta';
      element.files = [new File(['first'], 'first')];
      other.files = [new File(['second'], 'second')];
      await idle();
      await idle(other);
      context.user = '3';
      const data = new FormData(form);
      return [data.getAll('doc').map((file) => file === other.files[0]), data.has('meta'), statesOf(other)];
    });
    assert.deepEqual(found, [[true], false, 'sealed']);
  });

  test('a submit listener that changes the context, or the Sealer, holds the form back until it is sealed again', async () => {
    const changes = {
      setter: () => form.addEventListener('submit', () => (element.encryptionContext = { user: '2' })),
      'in place': () => form.addEventListener('submit', () => (context.user = '2')),
      'in place, delegated': () => addEventListener('submit', () => (context.user = '2')),
      'in place, and the event goes no further': () => document.body.addEventListener('submit', (event) => {
        context.user = '2';
        event.stopPropagation();
      }),
      'setter, and no further listener': () => form.addEventListener('submit', (event) => {
        element.encryptionContext = { user: '2' };
        event.stopImmediatePropagation();
      }),
      attribute: () => document.addEventListener('submit', () => element.setAttribute('encryption-context', '{"user":"2"}')),
      Sealer: async () => {
        const keys = await kmseal.KmsPublicKey.fetch?.('/kms-public-key.json') ?? (await kmseal.KmsPublicKey.import(await (await fetch('/kms-public-key.json')).text()));
        form.addEventListener('submit', () => {
          element.encryptionContext = null;
          element.sealer = new kmseal.Sealer({ keys, encryptionContext: { user: '2' } });
        });
      },
    };
    for (const [name, listen] of Object.entries(changes)) {
      const paper = files.create(name);
      await page.show(FORM('required'));
      await page.evaluate(() => (element.encryptionContext = globalThis.context = { user: '1' }));
      await page.evaluate(listen);
      await page.choose([paper]);
      await page.idle();
      const uploads = forms.uploads();
      const told = await page.evaluate(async () => {
        form.requestSubmit();
        const told = part('alert').textContent;
        await idle();
        return told;
      });
      assert.equal(told, 'The encryption is not finished. Wait a moment, then try again.', name);
      assert.equal(forms.uploads(), uploads, name);
      await page.leave('form.requestSubmit()');
      await page.sent();
      assert.deepEqual(await forms.arrived(), [{ bytes: paper.bytes, context: { user: '2' } }], name);
    }
  });

  test('a new but equal Sealer or context at each event seals nothing again', async () => {
    const paper = files.create('rendered');
    await page.show(FORM());
    await page.evaluate(async (json) => {
      const keys = await kmseal.KmsPublicKey.import(json);
      globalThis.render = async (changes) => {
        const its = { keys: await kmseal.KmsPublicKey.import(json), frameLength: 8192, requiredEncryptionContext: { a: '1', b: '2' }, cache: { maxAge: 1000 }, ...changes };
        element.sealer = new kmseal.Sealer(its);
        element.encryptionContext = { user: '4711' };
      };
      await render();
      globalThis.seals = 0;
      element.addEventListener('seal', () => {
        seals += 1;
        element.sealer = new kmseal.Sealer({ keys: [keys], frameLength: 8192, requiredEncryptionContext: { b: '2', a: '1' }, cache: { maxAge: 1000 } });
        element.encryptionContext = { user: '4711' };
      });
    }, JSON.stringify(printed(forms.key)));
    await page.choose([paper]);
    const counts = await page.evaluate(async () => {
      await idle();
      for (let index = 0; index < 10; index++) await render();
      await idle();
      const counts = [seals];
      for (const changes of [{ frameLength: 4096 }, { requiredEncryptionContext: { a: '1' } }, { encryptionContext: { c: '3' } }, { cache: undefined }, { engine: 'wasm' }]) {
        await render(changes);
        await idle();
        await render();
        await idle();
        counts.push(seals);
      }
      return counts;
    });
    // There the listener sets another one, and what was rendered is sealed as it was.
    assert.equal(counts[0], 1);
    assert.ok(counts.every((count, index) => index === 0 || count > counts[index - 1]), counts.join());
  });
});
