// The violations that axe finds in a page.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { accessibilityTools } from '../../../tools/npm.mjs';

/** For a page that was looked at in other colours: all other rules would find the same again. */
export const COLOURS = ['color-contrast', 'link-in-text-block'];

/**
 * One visible text of each kind, for a page whose script changes nothing: alike in colour, size, weight and in all that lies behind it. Links within
 * a text are kinds of their own, since they have to differ from it. To look at the colours of a thousand texts takes most of axe's time.
 * @param {import('selenium-webdriver').WebDriver} driver
 * @param {Set<string>} seen the kinds that other pages have shown: they are left out, and those of this page added
 * @returns {Promise<import('selenium-webdriver').WebElement[]>}
 */
export async function textsOfEachKind(driver, seen) {
  const found = await driver.executeScript(
    (known) => {
      const styleOf = (element, ...names) => {
        const style = getComputedStyle(element);
        return names.map((name) => style[name]).join(' ');
      };
      /** What lies behind a text in an element, from the innermost on. */
      const grounds = new Map([[null, '']]);
      const groundOf = (element) => {
        if (!grounds.has(element)) {
          const own = styleOf(
            element,
            'backgroundColor',
            'backgroundImage',
            'opacity',
            'filter',
            'mixBlendMode',
            'position',
          );
          const outer = groundOf(element.parentElement);
          grounds.set(element, outer.startsWith(own) ? outer : `${own} < ${outer}`);
        }
        return grounds.get(element);
      };
      const inkOf = (element) =>
        `${styleOf(element, 'color', 'fontSize', 'fontWeight', 'textShadow', 'textDecorationLine', 'borderBottom')} on ${groundOf(element)}`;
      const hasText = ({ childNodes }) =>
        Array.from(childNodes).some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim() !== '');
      const lengthOf = ({ textContent }) => textContent.replace(/\s+/g, '').length;
      /** The text in which a link is, if there is more than links. */
      const around = (link) => {
        const block = link.closest('p, li, td, th, h1, h2, h3, body');
        const links = Array.from(block.querySelectorAll('a'), lengthOf).reduce((sum, length) => sum + length);
        return lengthOf(block) > links ? block : undefined;
      };
      const kindOf = (element) => {
        const block = element.localName === 'a' && around(element);
        if (block) return `link: ${inkOf(element)} in ${inkOf(block)}`;
        return hasText(element) ? inkOf(element) : undefined;
      };
      const kinds = new Map(known.map((kind) => [kind]));
      for (const element of document.body.querySelectorAll('*')) {
        const kind = element.checkVisibility() && kindOf(element);
        if (kind && !kinds.has(kind)) kinds.set(kind, element);
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
          // A rule that finds nothing to look at shows nothing. Not every page has links.
          const [main] = rules;
          if (main && ![...violations, ...passes].some(({ id }) => id === main)) done([`${main} found nothing`]);
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
