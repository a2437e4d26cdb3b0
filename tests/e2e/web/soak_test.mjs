// The live view does not grow: a rig streams twenty times faster than its board would, the page
// follows its end, and what the page and its worker, which decodes, hold after garbage is collected stays
// within ten per cent each.
// PARALLAX_SOAK_SECONDS tells for how long; see daemon.mjs and page.mjs for the rest.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Daemon } from './daemon.mjs';
import { devtoolsOf, launch, open, until } from './page.mjs';

const RIG = 'live';
const RUN = 'now';
const ROWS_A_SECOND = 200;
/** Of the run's end that is shown [s]; the page is full once it has seen as much. */
const WINDOW_S = 10;
/** Until what is shown is full and what is kept once has been made [s]. */
const WARM_S = 45;
const SOAK_S = Number(process.env.PARALLAX_SOAK_SECONDS ?? 60);
const READINGS = 48;
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

/** Bytes in use after a collection, with those of arrays of numbers, which lie outside of the heap proper. */
async function heapOf(devtools) {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize } = await devtools.send('Runtime.getHeapUsage');
  assert.equal(typeof backingStorageSize, 'number', 'the browser tells of arrays');
  return usedSize + backingStorageSize;
}

/** What is held goes up and down with the answers that are on their way; what is never let go lifts its median. */
const medianOf = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

test(`the heaps of the page and of its worker are flat over ${SOAK_S} s of ${ROWS_A_SECOND} rows a second`, async () => {
  await until(() => daemon.cli('run', 'list', RIG).catch(() => []), (runs) => runs.length > 0);
  const { page, close } = await open(browser, daemon.url, `#/rigs/${RIG}/runs/${RUN}?last=${WINDOW_S}`);
  const drawn = page.locator('[data-samples]').first();
  const samples = () => drawn.evaluate((e) => Number(e.dataset.samples));
  await until(samples, (n) => n > 0.8 * WINDOW_S * ROWS_A_SECOND);
  const { own, workers } = await devtoolsOf(page);
  assert.equal(workers.length, 1, 'one worker decodes');
  const heaps = [{ name: 'page', devtools: own }, { name: 'worker', devtools: workers[0] }];
  const readings = heaps.map(() => []);
  await sleep(WARM_S);
  for (const { devtools } of heaps) await heapOf(devtools); // the first collection takes what loading left
  for (let i = 0; i < READINGS; i += 1) {
    await sleep(SOAK_S / READINGS);
    for (const [which, { devtools }] of heaps.entries()) readings[which].push(await heapOf(devtools));
  }
  for (const [which, { name }] of heaps.entries()) {
    const early = medianOf(readings[which].slice(0, READINGS / 3));
    const late = medianOf(readings[which].slice(-READINGS / 3));
    console.log(`${name}: ${(early / 1e6).toFixed(2)} MB early, ${(late / 1e6).toFixed(2)} MB late`);
    assert.ok(Math.abs(late - early) <= FLAT * early, `heap of the ${name} by reading: ${readings[which]}`);
  }
  const before = await page.getByText(/Seconds from the run's start/).innerText();
  await until(() => page.getByText(/Seconds from the run's start/).innerText(), (now) => now !== before);
  await close();
});
