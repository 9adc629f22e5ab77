// <kmseal-file> in a DOM that components are tested in: what it does there. Runs in Vitest.
import { generateKeyPairSync } from 'node:crypto';
import { configure, fireEvent, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { KmsPublicKey, Sealer, inspect } from 'kmseal';
import 'kmseal/define';
import { afterEach, expect, test, vi } from 'vitest';

// Not the second that it waits by default: a machine may be slow.
configure({ asyncUtilTimeout: 60_000 });

const KEY_ID = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const { publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const sealer = new Sealer({ keys: [await KmsPublicKey.import(publicKey, { keyId: KEY_ID })] });
const paper = (name = 'paper.pdf', content = 'the paper') => new File([content], name, { type: 'application/pdf' });

afterEach(() => {
  document.body.innerHTML = '';
});

/** A form with the element in it. */
function show(attributes = '', { context = '{"user":"7"}', around = '' } = {}) {
  document.body.innerHTML = `<form>${around}<label for="doc">Paper</label>
    <kmseal-file id="doc" name="doc" encryption-context='${context}' ${attributes}></kmseal-file><button>Send</button></form>`;
  const element = document.querySelector('kmseal-file');
  element.sealer = sealer;
  const form = document.querySelector('form');
  const submitted = vi.fn((event) => event.preventDefault());
  form.addEventListener('submit', submitted);
  const events = [];
  for (const type of ['beforeseal', 'input', 'change', 'seal', 'sealerror'])
    element.addEventListener(type, () => events.push(type));
  return { element, form, events, submitted, input: element.shadowRoot.querySelector('input') };
}

test('the element is defined, rendered and labelled, and knows its form', () => {
  const { element, form, input } = show('accept="image/*" multiple');
  expect([element.form, element.type, element.willValidate]).toEqual([form, 'file', true]);
  expect(Array.from(element.labels, ({ textContent }) => textContent)).toEqual(['Paper']);
  expect([input.accept, input.multiple, input.getAttribute('aria-label')]).toEqual(['image/*', true, 'Paper']);
});

test('a chosen file is sealed, and its events come in order', async () => {
  const { element, events, input } = show();
  await userEvent.upload(input, paper());
  await waitFor(() => expect(element.files).toHaveLength(1));
  expect(events).toEqual(['beforeseal', 'input', 'seal', 'change']);
  expect([element.value, element.files[0].name]).toEqual(['C:\\fakepath\\file-1.kmseal', 'file-1.kmseal']);
  const { encryptionContext, keyIds, plaintextSize } = await inspect(element.files[0]);
  expect([encryptionContext.user, keyIds, plaintextSize]).toEqual(['7', [KEY_ID], 9]);
});

test('several files with descriptions are sealed, and one can be removed', async () => {
  const { element, input } = show('multiple meta-name="meta"');
  await userEvent.upload(input, [paper('a.pdf'), paper('b.pdf', 'longer than the first')]);
  await waitFor(() => expect(element.files).toHaveLength(2));
  fireEvent.click(element.shadowRoot.querySelector('[part~=remove]'));
  await waitFor(() => expect(element.files).toHaveLength(1));
  expect((await inspect(element.files[0])).plaintextSize).toBe(21);
});

test('the element is invalid while nothing is chosen or a file is being sealed, and says so', async () => {
  const { element, input } = show('required');
  const invalid = vi.fn();
  element.addEventListener('invalid', invalid);
  expect([element.validity.valueMissing, element.checkValidity()]).toEqual([true, false]);
  expect(element.validationMessage).not.toBe('');
  expect(invalid).toHaveBeenCalledTimes(1);
  await userEvent.upload(input, paper());
  await waitFor(() => expect(element.files).toHaveLength(1));
  expect([element.validity.valid, element.checkValidity(), element.validationMessage]).toEqual([true, true, '']);
  element.setCustomValidity('no');
  expect([element.reportValidity(), element.validationMessage]).toEqual([false, 'no']);
});

test('the form is held back while a file is being sealed', async () => {
  const { element, form, submitted } = show();
  element.files = [paper()];
  const submit = () => form.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
  expect(submit()).toBe(false);
  expect(submitted).not.toHaveBeenCalled();
  await waitFor(() => expect(element.files).toHaveLength(1));
  submit();
  expect(submitted).toHaveBeenCalledTimes(1);
});

test('a file that cannot be sealed fires sealerror', async () => {
  const { element, events } = show('', { context: '{' });
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  element.files = [paper()];
  await waitFor(() => expect(events).toContain('sealerror'));
  expect([element.checkValidity(), element.files]).toEqual([false, []]);
  error.mockRestore();
});

test('a key that does not arrive fires sealerror, and nothing else fails', async () => {
  const { element, events } = show('key-src="http://127.0.0.1:9/key.json"');
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  element.sealer = null;
  element.files = [paper()];
  await waitFor(() => expect(events).toContain('sealerror'));
  error.mockRestore();
});

test('the element can be disabled, cleared, moved and removed', async () => {
  const { element, form, input } = show();
  element.files = [paper()];
  await waitFor(() => expect(element.files).toHaveLength(1));
  element.disabled = true;
  await waitFor(() => expect([input.disabled, element.willValidate]).toEqual([true, false]));
  element.disabled = false;
  await waitFor(() => expect(input.disabled).toBe(false));
  element.value = '';
  expect(element.files).toEqual([]);
  document.body.append(element);
  expect(element.form).toBe(null);
  form.append(element);
  element.remove();
});

test('the element accepts a dropped file', async () => {
  const { element } = show();
  const zone = element.shadowRoot.querySelector('[part~=zone]');
  fireEvent.dragOver(zone, { dataTransfer: { files: [], types: ['Files'] } });
  expect(zone.getAttribute('part')).toContain('dragging');
  fireEvent.drop(zone, { dataTransfer: { files: [paper()], types: ['Files'] } });
  await waitFor(() => expect(element.files).toHaveLength(1));
  expect(zone.getAttribute('part')).not.toContain('dragging');
});
