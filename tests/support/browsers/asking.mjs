// Forms whose files wait for what a listener of beforeseal answers.

/* global answers, element -- of forms.mjs, in the page */

export const FORM = (attributes = 'multiple') => `
  <form method="post" enctype="multipart/form-data" action="/upload" novalidate>
    <kmseal-file name="doc" key-src="/kms-public-key.json" encryption-context='{"user":"1"}' ${attributes}></kmseal-file><button>Send</button>
  </form>`;

/**
 * Shows that form. For each file, a listener waits for a promise of its own: the page's `answers` have `{ event, resolve, reject }`, in the
 * order of the files.
 * @param {{ show(body: string): Promise<void>, evaluate: Function }} page of forms.mjs
 * @param {string} [attributes] of the element
 */
export async function showAsking(page, attributes) {
  await page.show(FORM(attributes));
  await page.evaluate(() => {
    globalThis.answers = [];
    element.addEventListener('beforeseal', (event) => {
      const { promise, resolve, reject } = Promise.withResolvers();
      answers.push({ event, resolve, reject });
      event.waitUntil(promise);
    });
  });
}
