// What the tests of the dashboard share: a browser, and what every test must not see: an error on
// the console, or a request to anywhere but the daemon that served the page.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(new URL('../../../client/web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

/** How long a test waits for one thing; longer where a machine is busy with other work. */
const PATIENCE_MS = Number(process.env.PARALLAX_WEB_PATIENCE_MS ?? 30_000);
const ARTEFACTS = process.env.PARALLAX_WEB_ARTEFACTS ?? '';

export function launch() {
  return chromium.launch({
    executablePath: process.env.PARALLAX_WEB_BROWSER ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
}

/**
 * A page of its own at `${site}/${hash}`, watched until `close`, which fails where it saw what it must not.
 * `prepare` is called with it before it loads anything; other options are the browser's.
 */
export async function open(browser, site, hash, { prepare = async () => {}, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const seen = [];
  const { origin } = new URL(site);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => seen.push(`uncaught: ${error.stack}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'blob:') seen.push(`asked ${request.url()}`);
  });
  await prepare(page);
  await page.goto(`${site}/${hash}`);
  return {
    page,
    context,
    /** What was seen so far that it should not; `allowed` matches what a test provokes. */
    close: async (allowed = null) => {
      await context.close();
      const unexpected = seen.filter((one) => allowed === null || !allowed.test(one));
      assert.deepEqual(unexpected, []);
    },
  };
}

/**
 * DevTools sessions of what runs the page's script: the page itself, then its workers. Those of workers go
 * through the page's: a session of Playwright's is one of a page.
 */
export async function devtoolsOf(page) {
  const own = await page.context().newCDPSession(page);
  const workers = [];
  const waiting = new Map();
  own.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') workers.push(sessionId);
  });
  own.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result, error } = JSON.parse(message);
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(result);
    else asker?.reject(new Error(error.message));
  });
  await own.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  await until(() => workers.length, (n) => n === page.workers().length);
  let last = 0;
  const through = (sessionId) => ({
    send: (method, params = {}) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        own.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: last, method, params }) })
          .catch(reject);
      }),
  });
  return { own, workers: workers.map(through) };
}

/** Keeps a picture where PARALLAX_WEB_ARTEFACTS names a folder. */
export async function picture(page, name) {
  if (ARTEFACTS === '') return;
  mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage: true });
}

/** Waits until `read` gives what `holds` accepts, and returns it. */
export async function until(read, holds, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > end) assert.fail(`still ${JSON.stringify(value)} after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
