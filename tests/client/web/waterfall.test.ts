// The known answers are those of tests/client/figure/waterfall_test.cc: both draw the same bars.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { barText, waterfall, waterfallRange, type Bar } from '../../../client/web/src/report/waterfall.ts';
import { furnaceReport } from './report_fixture.ts';

const names = (bars: Bar[] | null) => bars?.map(({ name }) => name);

function near(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(Math.abs((actual ?? NaN) - expected) <= tolerance, `${actual} is not near ${expected}`);
}

test('bars run from the gap to nothing', () => {
  const bars = waterfall(furnaceReport());
  assert.ok(bars !== null);
  assert.deepEqual(names(bars), [
    'gap', 'pyrometer_bias', 'G_gas', 'G', 'eta', 'A', 'eps', 'C', 'unexplained', 'measurement',
  ]);
  const eta = bars[4] as Bar;
  assert.deepEqual(
    [eta.kind, eta.detail, eta.share, eta.low, eta.high],
    ['blamed', 'coupling', 0.81, 0.7, 0.9],
  );
  near(eta.begin, 1 + 0.0506 + 0.0438 + 0.0433, 1e-12);
  assert.equal(bars[5]?.kind, 'weighed');
  const last = bars[9] as Bar;
  near(last.begin - last.share, 0, 2e-4); // the report's figures are rounded
  assert.equal(barText(eta), '81\u00a0% (70 to 90)');
  assert.equal(barText(bars[1] as Bar), '-5.1\u00a0% (-11 to -0.44)');
  assert.equal(barText(last), '0.067\u00a0%');
});

test('what is left is measurement up to the floor and else unexplained', () => {
  const report = furnaceReport();
  const floor = 0.05689 / 85.08;
  const bars = waterfall(report);
  near(bars?.[9]?.share, floor, 1e-12);
  near(bars?.[8]?.share, 0.0452 - floor, 1e-12);
  const closed = waterfall({ ...report, unexplained: 0.0004 });
  assert.equal(closed?.[8]?.share, 0);
  assert.equal(closed?.[9]?.share, 0.0004);
});

test("a campaign's shares are parts of its mean square", () => {
  const report = furnaceReport();
  report.gap.mean_square = { before: 5, after: 1, floor: 0.1 };
  near(waterfall(report)?.[9]?.share, 0.02, 1e-12);
  report.gap.value = null;
  near(waterfall(report)?.[9]?.share, 0.02, 1e-12);
  report.gap.mean_square = { before: null, after: null, floor: null };
  assert.equal(waterfall(report), null);
});

test('members of a group are blamed; a group that was shared as one is one bar', () => {
  const report = furnaceReport();
  report.verdict = { ...report.verdict, kind: 'AMBIGUOUS', parameters: [], group: ['A', 'C'] };
  for (const bar of waterfall(report) ?? []) {
    assert.equal(bar.kind === 'blamed', bar.name === 'A' || bar.name === 'C', bar.name);
  }
  for (const part of report.attribution) part.shapley = part.low = part.high = null;
  report.attribution_group = {
    name: 'A or C', parameters: ['A', 'C'], shapley: 0.9, low: 0.8, high: 0.95, pip: 1,
  };
  report.unexplained = 0.1;
  const bars = waterfall(report);
  assert.deepEqual(names(bars), ['gap', 'A or C', 'unexplained', 'measurement']);
  assert.deepEqual([bars?.[1]?.kind, bars?.[1]?.low, bars?.[1]?.high], ['blamed', 0.8, 0.95]);
});

test('small shares that nobody blames are one bar', () => {
  const report = furnaceReport();
  const [, c, , , eps, a] = report.attribution;
  assert.ok(c !== undefined && eps !== undefined && a !== undefined);
  c.shapley = 0.004;
  eps.shapley = -0.001;
  a.shapley = 0;
  const bars = waterfall(report);
  assert.deepEqual(names(bars), [
    'gap', 'pyrometer_bias', 'G_gas', 'G', 'eta', '2 others', 'unexplained', 'measurement',
  ]);
  near(bars?.[5]?.share, 0.003, 1e-12);
  assert.equal(bars?.[5]?.low, null);
});

test('of many assumptions the blamed and the largest are kept', () => {
  const report = furnaceReport();
  const [pattern] = report.attribution;
  assert.ok(pattern !== undefined);
  report.attribution = Array.from({ length: 26 }, (_, i) => ({
    ...pattern, parameter: `p${i + 1}`, mechanism: 'm', shapley: 0.001 * (i + 1) + 0.01,
  }));
  report.verdict.parameters = ['p1'];
  const bars = waterfall(report);
  assert.equal(bars?.length, 1 + 10 + 1 + 2);
  for (const name of ['p1', 'p26', '16 others']) assert.ok(names(bars)?.includes(name), name);
});

test('without a gap there is nothing to divide', () => {
  assert.equal(waterfall({ ...furnaceReport(), unexplained: null }), null);
});

test('the axis holds every bar, and of a whisker no more than a quarter beyond', () => {
  const bar = (begin: number, share: number, low: number | null, high: number | null): Bar => ({
    kind: 'weighed', name: '', detail: '', begin, share, low, high,
  });
  assert.deepEqual(waterfallRange([bar(1, 1, null, null)]), [0, 1]);
  assert.deepEqual(waterfallRange([bar(1, -0.2, -0.3, -0.1)]), [0, 1.3]);
  assert.deepEqual(waterfallRange([bar(1, 0.9, -50, 60)]), [-0.25, 1.25]);
});
