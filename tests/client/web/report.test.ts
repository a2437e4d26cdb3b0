import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, shorten, ticks } from '../../../client/web/src/report/axis.ts';
import { beliefRange, beliefs } from '../../../client/web/src/report/beliefs.ts';
import { mechanismGraph, routesOf } from '../../../client/web/src/report/mechanism.ts';
import { readReport } from '../../../client/web/src/report/report.ts';
import { part, residuals } from '../../../client/web/src/report/residuals.ts';
import { verdictSentence } from '../../../client/web/src/report/sentence.ts';
import { furnaceReport } from './report_fixture.ts';

test('a report of another schema is refused', () => {
  assert.throws(() => readReport('{"schema":"parallax-report/9"}'), /parallax-report\/9/);
});

test('every verdict has its sentence', () => {
  const report = furnaceReport();
  assert.equal(verdictSentence(report), 'The gap comes from eta (coupling).');
  const verdict = { ...report.verdict, parameters: [], channels: ['a/b'] };
  const told = (kind: string, more = {}) =>
    verdictSentence({ ...report, verdict: { ...verdict, kind, ...more } });
  assert.equal(
    told('AMBIGUOUS', { group: ['eta', 'x'] }),
    'The gap comes from among eta (coupling) and x; this recording cannot tell which.',
  );
  assert.equal(told('SENSOR_FAULT'), 'The readings of a/b are at fault, not the model.');
  assert.match(told('UNMODELLED'), /does not model\. It shows in a\/b\.$/);
  assert.match(told('UNMODELLED', { where: 'T1 while cooling' }), /It shows most in T1 while cooling\.$/);
  assert.equal(told('NO_GAP'), 'Rig and twin agree within the noise.');
  assert.match(told('ABSTAINED'), /^No verdict/);
});

test('held-out residuals come before fitted ones, and a bar is cut at twice what it was', () => {
  const report = furnaceReport();
  const heldOut = residuals(report);
  assert.equal(heldOut?.heldOut, true);
  report.validation = { ...report.validation, rmse: [] };
  const fitted = residuals(report);
  assert.equal(fitted?.heldOut, false);
  assert.equal(fitted?.channels[0]?.channel, report.gap.channels[0]?.channel);
  const channel = { channel: 'c', unit: 'K', before: 2, after: 9, coverage90: null };
  assert.equal(part(channel, 1), 0.5);
  assert.equal(part(channel, 9), 2);
  assert.equal(part({ ...channel, before: 0 }, 1), 0);
});

test('a sampled posterior takes the place of the normal one; runs of their own come last', () => {
  const report = furnaceReport();
  const one = { assumed: 0, value: -0.5, sd: 0.1, prior_low_90: -0.16, prior_high_90: 0.16, unit: '1' };
  report.calibrated = [
    { ...one, parameter: 'c', run: 'r1' },
    { ...one, parameter: 'nk', run: null },
    { ...one, parameter: 'k0', run: null },
  ];
  report.posterior = { parameters: [{ parameter: 'nk', low_90: -0.52, high_90: -0.24 }] };
  const shown = beliefs(report)?.shown ?? [];
  assert.deepEqual(shown.map(({ parameter }) => parameter), ['nk', 'k0', 'c']);
  assert.deepEqual(shown[0]?.posterior, [-0.52, -0.24]);
  assert.deepEqual(shown[1]?.posterior?.map((x) => x.toFixed(4)), ['-0.6645', '-0.3355']);
  const [low, high] = beliefRange(shown[0] as NonNullable<(typeof shown)[0]>);
  assert.ok(low < -0.52 && high > 0.16);
  assert.equal(beliefs({ ...report, calibrated: [] }), null);
});

// Sentences of the report of tests/data/swcnt-case-a.
const DIAMETER =
  'Run r01: Substrate conductivity, n 0 → -0.509, raises mean tube diameter from 0.7671 to 0.7816 nm (+0.0144 nm). ' +
  'Substrate conductivity → surface temperature while particles ripen (+29 K) → particle diameter at nucleation (+1.9 %) → ' +
  'mean tube diameter (+0.0142 nm), 98.5 % of it. 2 lesser paths together carry 1.3 %. The dominant tube stays (6,5).';
const HEIGHT =
  'Run r01: Substrate conductivity, n 0 → -0.509, raises final height from 3.717 to 4.378 µm (+0.661 µm). ' +
  'Substrate conductivity → surface temperature during growth (+29 K) → growth rate of a clean catalyst (+31 %) → final height (+1.15 µm). ' +
  'Substrate conductivity → surface temperature during growth (+29 K) → active share of the catalyst (−4.5 %) → final height (−0.14 µm), against the rest. ' +
  '3 lesser paths together make −0.0577 µm. −0.151 µm comes only of paths acting together.';

test('routes are read off the sentences that tell them, values are not', () => {
  const [route, ...others] = routesOf(DIAMETER);
  assert.equal(others.length, 0);
  assert.deepEqual(route, {
    against: false,
    steps: [
      { name: 'Substrate conductivity', change: '' },
      { name: 'surface temperature while particles ripen', change: '+29 K' },
      { name: 'particle diameter at nucleation', change: '+1.9 %' },
      { name: 'mean tube diameter', change: '+0.0142 nm' },
    ],
  });
  assert.deepEqual(routesOf(HEIGHT).map(({ against }) => against), [false, true]);
  assert.deepEqual(routesOf('Ruled out as the cause: h (inclusion 0.044, 33.5 nats alone).'), []);
});

test('what routes share is drawn once, and the one that carries most is lit', () => {
  const graph = mechanismGraph([DIAMETER, HEIGHT, 'With this substrate conductivity, 3 of 3 runs are right.']);
  assert.ok(graph !== null);
  assert.equal(graph.nodes.length, 8);
  assert.equal(graph.edges.length, 8);
  const node = (name: string) => graph.nodes.find((one) => one.name === name);
  assert.equal(node('Substrate conductivity')?.kind, 'cause');
  assert.equal(node('final height')?.kind, 'effect');
  assert.deepEqual(node('final height')?.changes, ['+1.15 µm', '−0.14 µm']);
  assert.equal(node('active share of the catalyst')?.lit, false);
  const edge = (to: string) => graph.edges.find((one) => one.to === to);
  assert.deepEqual(edge('growth rate of a clean catalyst'), {
    from: 'surface temperature during growth', to: 'growth rate of a clean catalyst', lit: true, against: false,
  });
  assert.deepEqual([edge('active share of the catalyst')?.lit, edge('active share of the catalyst')?.against], [false, true]);
  assert.equal(mechanismGraph(['Ruled out: any cause.']), null);
});

test('ticks are round and within the axis', () => {
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks(-0.13, 0.27, 4), [-0.1, 0, 0.1, 0.2]);
  assert.deepEqual(ticks(3, 3, 4), []);
  assert.equal(at({ low: 0, high: 10, begin: 100, end: 0 }, 2.5), 75);
  assert.equal(shorten('substrate conductivity', 70, 10), 'substrate c…');
});
