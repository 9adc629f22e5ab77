/**
 * Lets each button with `data-copies` copy the text of the element of that id.
 *
 * @param {import('./announcer.js').Announcer} announcer
 */
export function watchCopyButtons(announcer) {
  /** @type {Set<HTMLButtonElement>} */
  const pressed = new Set();
  document.addEventListener('click', async ({ target }) => {
    const button = /** @type {HTMLButtonElement | null} */ (/** @type {Element} */ (target).closest('[data-copies]'));
    if (!button) return;
    const source = document.getElementById(button.dataset.copies);
    const said = await navigator.clipboard.writeText(source.textContent).then(
      () => 'Copied',
      () => {
        // A page without permission to write can still select.
        getSelection().selectAllChildren(source);
        return 'Selected';
      },
    );
    // Only the last pressed button says so.
    for (const other of pressed) other.firstChild.textContent = 'Copy';
    pressed.add(button);
    button.firstChild.textContent = said;
    announcer.say(`${said}.`);
  });
}
