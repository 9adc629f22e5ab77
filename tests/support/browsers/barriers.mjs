// The violations that axe finds in a page.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { accessibilityTools } from '../../../tools/npm.mjs';

/** For a page that was looked at in other colours: all other rules would find the same again. */
export const COLOURS = ['color-contrast'];

/**
 * @param {import('selenium-webdriver').WebDriver} driver
 * @param {{ exclude?: string[][], rules?: string[] }} [options] exclude: what axe does not look at; rules: axe's names of those that
 *   count, by default all
 * @returns {Promise<string[]>} each rule with the elements that break it
 */
export async function barriersIn(driver, { exclude = [], rules = [] } = {}) {
  if (!(await driver.executeScript('return Boolean(globalThis.axe)'))) {
    await driver.executeScript(
      await readFile(path.join(await accessibilityTools(), 'node_modules/axe-core/axe.min.js'), 'utf8'),
    );
  }
  return driver.executeAsyncScript(
    (exclude, rules, done) => {
      const context = { include: [['html']], exclude };
      axe.run(context, rules.length > 0 ? { runOnly: rules } : {}).then(
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
    exclude,
    rules,
  );
}
