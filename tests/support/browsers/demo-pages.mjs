// The demo's pages in a browser.
import { after, before } from 'node:test';
import { launch } from './browser.mjs';
import { createPages } from './pages.mjs';
import { openDemo } from '../servers/demo.mjs';

export const PAGES = ['/', '/form', '/uppy', '/s3', '/tus', '/arrived'];

/**
 * The demo of a test file, whose engines use it one after the other.
 * @returns {(name: 'chromium' | 'firefox' | 'webkit', options?: Parameters<typeof launch>[1]) => ReturnType<typeof openPages>} opens its pages in
 *   a browser; options: as of launch()
 */
export function testDemo() {
  let demo;
  before(async () => {
    demo = await openDemo();
  });
  after(() => demo?.close());
  return (name, options) => openPages(demo, name, options);
}

/**
 * @param {Awaited<ReturnType<typeof openDemo>>} demo
 * @param {'chromium' | 'firefox' | 'webkit'} name
 * @param {Parameters<typeof launch>[1]} [options]
 */
async function openPages(demo, name, options) {
  const browser = await launch(name, options);
  const pages = createPages(browser);

  return {
    ...pages,
    demo,

    /** Waits until the page is ready for files. */
    async visit(url) {
      await pages.driver.get(demo.origin + url);
      await pages.find(url === '/arrived' ? '#arrivals' : '#key-facts dd');
    },

    /**
     * While `work` runs, nothing reaches the demo's server.
     *
     * @param {() => Promise<void>} work
     * @param {Promise<void>} [begun] settles when the outage begins; by default it does at once
     */
    async withoutServer(work, begun) {
      await begun;
      demo.server.close();
      demo.server.closeAllConnections();
      try {
        await work();
      } finally {
        await new Promise((resolve) => demo.server.listen(Number(new URL(demo.origin).port), '127.0.0.1', resolve));
      }
    },

    /**
     * Settles at the `count`-th request from now that matches, whatever the pace of the page: `POST /uploads/1/signPart`.
     *
     * @param {RegExp} pattern of the method and the path
     * @param {number} count
     */
    requested(pattern, count) {
      return new Promise((resolve) => {
        const listen = ({ method, url }) => {
          if (!pattern.test(`${method} ${url}`) || --count > 0) return;
          demo.server.off('request', listen);
          resolve();
        };
        demo.server.prependListener('request', listen);
      });
    },

    /**
     * Counts the requests from now that match; the function that it returns gives their number, and ends that.
     *
     * @param {RegExp} pattern of the method and the path
     */
    counting(pattern) {
      let count = 0;
      const listen = ({ method, url }) => {
        if (pattern.test(`${method} ${url}`)) count++;
      };
      demo.server.prependListener('request', listen);
      return () => {
        demo.server.off('request', listen);
        return count;
      };
    },
  };
}
