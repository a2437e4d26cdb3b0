// The live view does not grow: a rig streams twenty times faster than its board would, the page
// follows its end, and what the page holds after garbage is collected stays within ten per cent.
// PARALLAX_SOAK_SECONDS tells for how long; see daemon.mjs and page.mjs for the rest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Daemon } from './daemon.mjs';
import { launch, open, until } from './page.mjs';

const RIG = 'live';
const RUN = 'now';
const ROWS_A_SECOND = 200;
/** Of the run's end that is shown [s]; the page is full once it has seen as much. */
const WINDOW_S = 10;
const SOAK_S = Number(process.env.PARALLAX_SOAK_SECONDS ?? 60);
const READINGS = 24;
const FLAT = 0.1;

const daemon = new Daemon();
let browser;
before(async () => {
  await daemon.start();
  daemon.stream(RIG, RUN, ROWS_A_SECOND);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await daemon.stop();
});

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

test(`the page's heap is flat over ${SOAK_S} s of ${ROWS_A_SECOND} rows a second`, async () => {
  await until(() => daemon.cli('run', 'list', RIG).catch(() => []), (runs) => runs.length > 0);
  const { page, context, close } = await open(browser, daemon.url, `#/rigs/${RIG}/runs/${RUN}?last=${WINDOW_S}`);
  const drawn = page.locator('[data-samples]').first();
  const samples = () => drawn.evaluate((e) => Number(e.dataset.samples));
  await until(samples, (n) => n > 0.8 * WINDOW_S * ROWS_A_SECOND);
  const devtools = await context.newCDPSession(page);
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    return (await devtools.send('Runtime.getHeapUsage')).usedSize;
  };
  await heap(); // the first collection takes what loading left
  const readings = [];
  for (let i = 0; i < READINGS; i += 1) {
    await sleep(SOAK_S / READINGS);
    readings.push(await heap());
  }
  const early = median(readings.slice(0, READINGS / 3));
  const late = median(readings.slice(-READINGS / 3));
  console.log(`heap ${(early / 1e6).toFixed(2)} MB early, ${(late / 1e6).toFixed(2)} MB late`);
  assert.ok(Math.abs(late - early) <= FLAT * early, `heap by reading: ${readings}`);
  const before = await page.getByText(/Seconds from the run's start/).innerText();
  await until(() => page.getByText(/Seconds from the run's start/).innerText(), (now) => now !== before);
  await close();
});
