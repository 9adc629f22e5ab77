// The violations that axe finds in a page.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { accessibilityTools } from '../../../tools/npm.mjs';

/** For a page that was looked at in other colours: all other rules would find the same again. */
export const COLOURS = ['color-contrast'];

/**
 * One visible text of each kind, for a page whose script changes nothing: alike in all attributes but where it leads, as is all around it, it has
 * the same colours. To look at the colours of a thousand texts takes most of axe's time.
 * @param {import('selenium-webdriver').WebDriver} driver
 * @param {Set<string>} seen the kinds that other pages of the same style have shown: they are left out, and those of this page added
 * @returns {Promise<import('selenium-webdriver').WebElement[]>}
 */
export async function textsOfEachKind(driver, seen) {
  const found = await driver.executeScript(
    (known) => {
      const written = ({ localName, attributes }) =>
        `${localName} ${Array.from(attributes, ({ name, value }) => (['href', 'id'].includes(name) ? name : `${name}=${value}`))}`;
      const kindOf = (element) => (element ? `${kindOf(element.parentElement)} > ${written(element)}` : '');
      const hasText = ({ childNodes }) =>
        Array.from(childNodes).some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim() !== '');
      const kinds = new Map(known.map((kind) => [kind]));
      for (const element of document.body.querySelectorAll('*')) {
        if (!hasText(element) || !element.checkVisibility()) continue;
        const kind = kindOf(element);
        if (!kinds.has(kind)) kinds.set(kind, element);
      }
      return [...kinds].slice(known.length);
    },
    [...seen],
  );
  for (const [kind] of found) seen.add(kind);
  return found.map(([, element]) => element);
}

/**
 * @param {import('selenium-webdriver').WebDriver} driver
 * @param {{ include?: unknown[], exclude?: string[][], rules?: string[], without?: string[] }} [options] include: the elements that axe looks at,
 *   by default all; exclude: what it does not look at; rules: axe's names of those that count, by default all but those of `without`
 * @returns {Promise<string[]>} each rule with the elements that break it
 */
export async function barriersIn(driver, { include = [['html']], exclude = [], rules = [], without = [] } = {}) {
  if (!(await driver.executeScript('return Boolean(globalThis.axe)'))) {
    await driver.executeScript(
      await readFile(path.join(await accessibilityTools(), 'node_modules/axe-core/axe.min.js'), 'utf8'),
    );
  }
  return driver.executeAsyncScript(
    (include, exclude, rules, without, done) => {
      const others = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
      // Else it would write a selector for each of a thousand elements that have passed.
      const options = { resultTypes: ['violations'], ...(rules.length > 0 ? { runOnly: rules } : { rules: others }) };
      axe.run({ include, exclude }, options).then(
        ({ violations, passes }) => {
          // A rule that finds nothing to look at shows nothing.
          for (const rule of rules)
            if (![...violations, ...passes].some(({ id }) => id === rule)) done([`${rule} found nothing`]);
          const told = ({ target, failureSummary }) => `${target} ${failureSummary}`;
          done(violations.map(({ id, nodes }) => `${id}: ${nodes.map(told)}`));
        },
        (error) => done([String(error)]),
      );
    },
    include,
    exclude,
    rules,
    without,
  );
}
