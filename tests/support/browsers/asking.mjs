// Forms whose files wait for what a listener of beforeseal answers.

/* global answers, element -- of forms.mjs, in the page */

/**
 * Shows a form. For each file, a listener waits for a promise of its own: the page's `answers` have `{ event, resolve, reject }`, in the
 * order of the files.
 * @param {{ show(body: string): Promise<void>, evaluate: Function }} page of forms.mjs
 * @param {string} body
 */
export async function showAsking(page, body) {
  await page.show(body);
  await page.evaluate(() => {
    globalThis.answers = [];
    element.addEventListener('beforeseal', (event) => {
      const { promise, resolve, reject } = Promise.withResolvers();
      answers.push({ event, resolve, reject });
      event.waitUntil(promise);
    });
  });
}
