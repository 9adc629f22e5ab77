// Forms that are held back since their page is not ready, or would send them without their files.

/* global element, form, idle, part, statesOf, until, values -- of forms.mjs, in the page */

const NOT_READY =
  'This page is not ready to encrypt files, so nothing is sent. Reload the page; if that does not help, tell those who run it.';

/** What lookHeldBack() finds in such a form. */
export const HELD_BACK = {
  states: 'failed',
  values: 0,
  files: 0,
  value: '',
  valid: false,
  validationMessage: NOT_READY,
  alert: NOT_READY,
};

/** What a form and its element show of their state when the form is about to be sent. @param {{ evaluate: Function }} page */
export const lookHeldBack = (page) =>
  page.evaluate(async () => {
    await idle();
    form.requestSubmit();
    return {
      states: statesOf(),
      values: values().length,
      files: element.files.length,
      value: element.value,
      valid: form.checkValidity(),
      validationMessage: element.validationMessage,
      alert: part('alert').textContent,
    };
  });

/** What the page says once the form's button is pressed, and each warning of the console. @param {{ evaluate: Function }} page */
export const pressHeldBack = (page) =>
  page.evaluate(async () => {
    await idle();
    const warnings = [];
    console.warn = (text) => warnings.push(text);
    document.querySelector('form button').click();
    await until(() => warnings.length > 0);
    // A second one would come now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [part('alert').textContent, ...warnings];
  });
