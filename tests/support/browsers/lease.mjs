// A browser of the pool (pool.mjs), for a test that gives it back.
import { Agent, request } from 'node:http';
import { Session, WebDriver } from 'selenium-webdriver';
import { Executor, HttpClient } from 'selenium-webdriver/http/index.js';

/** Commands of DevTools that change nothing but the page's origin, and those that are undone. Nobody else gets a browser after others. */
const PASSING = /^(?:Input\.dispatch\w+|HeapProfiler\.collectGarbage|Storage\.\w+ForOrigin)$/;
const UNDOING = { 'Emulation.setEmulatedMedia': { features: [] } };

/**
 * @param {string} pool its address
 * @param {string} name of the browser
 */
export async function lease(pool, name) {
  // The pool takes the browser for lost when this connection ends before it was given back, as when the process is killed.
  const held = await new Promise((resolve, reject) => {
    request(`${pool}/${name}`, { method: 'POST', agent: new Agent() })
      .once('response', resolve)
      .once('error', reject)
      .end();
  });
  held.socket.unref();
  const { address, session, downloads, failure } = held.headers;
  if (failure) throw new Error(decodeURIComponent(failure));
  held.on('error', () => {}).resume();
  const driver = new WebDriver(new Session(session, {}), new Executor(Promise.resolve(new HttpClient(address))));
  const set = new Set();
  /** As Chromium's own driver has it. */
  const command = async (cmd, params = {}) => {
    if (!PASSING.test(cmd)) set.add(cmd);
    const url = `${address}/session/${session}/chromium/send_command_and_get_result`;
    const { value } = await (await fetch(url, { method: 'POST', body: JSON.stringify({ cmd, params }) })).json();
    if (value?.error) throw new Error(value.message);
    return value;
  };
  return {
    driver: Object.assign(driver, { sendDevToolsCommand: command, sendAndGetDevToolsCommand: command }),
    downloads: decodeURIComponent(downloads),
    async close() {
      const isWhole = [...set].every((cmd) => UNDOING[cmd]);
      for (const cmd of isWhole ? set : []) await command(cmd, UNDOING[cmd]);
      if (isWhole) await fetch(`${pool}/${name}/${session}`, { method: 'DELETE' });
      held.destroy();
    },
  };
}
