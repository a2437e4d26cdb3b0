import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create } from '@bufbuild/protobuf';

import { RunSchema } from '../../../client/web/src/gen/parallax/v1/resources_pb.ts';
import { nextStep } from '../../../client/web/src/report/next.ts';
import { recipeText } from '../../../client/web/src/report/recipe.ts';
import type { Report } from '../../../client/web/src/report/report.ts';
import { furnaceReport } from './report_fixture.ts';

function judged(verdict: Partial<Report['verdict']>, more: Partial<Report> = {}): Report {
  const report = furnaceReport();
  return { ...report, verdict: { ...report.verdict, parameters: [], ...verdict }, ...more };
}

test('an ambiguous verdict asks for what tells its group apart, the likeliest member first', () => {
  const known = furnaceReport().attribution[0];
  assert.ok(known !== undefined);
  const attribution = [
    { ...known, parameter: 'a', mechanism: 'heat_loss', pip: 0.4 },
    { ...known, parameter: 'b', mechanism: 'b', pip: 0.7 },
    { ...known, parameter: 'c', mechanism: 'c', pip: 0.9 },
  ];
  const report = judged({ kind: 'AMBIGUOUS', group: ['a', 'b'] }, { attribution, measure_next: 'a cooldown' });
  const step = nextStep(report);
  assert.equal(step.open, true);
  assert.equal(step.measure, 'a cooldown');
  assert.deepEqual(step.rivals, [
    { name: 'b', meaning: '', probability: 0.7 },
    { name: 'a', meaning: 'heat loss', probability: 0.4 },
  ]);
  assert.match(step.change, /^a and b pass for one another/);
  const nothingKnown = nextStep({ ...report, measure_next: null });
  assert.equal(nothingKnown.change, 'No experiment is known that tells a and b apart.');
});

test('where there is no verdict, rivals are the causes that are not ruled out, of whatever kind', () => {
  const hypotheses: Report['hypotheses'] = [
    { name: 'k0', kind: 'PARAMETER', pip: 0.3 },
    { name: 'pyro/t: offset', kind: 'SENSOR', pip: 0.6 },
    { name: 'Rc', kind: 'PARAMETER', pip: 0.049 },
  ];
  const step = nextStep(judged({ kind: 'ABSTAINED' }, { hypotheses, measure_next: null }));
  assert.equal(step.open, true);
  assert.deepEqual(step.rivals.map(({ name }) => name), ['pyro/t: offset', 'k0']);
  assert.match(step.change, /names no experiment/);
});

test('a verdict that stands asks for nothing, and keeps what is not ruled out beside it', () => {
  const beside = 'Not ruled out beside it: Us (inclusion 0.15).';
  const explanation = ['Ruled out as the cause: tau.', beside];
  for (const kind of ['IDENTIFIED', 'SENSOR_FAULT', 'UNMODELLED', 'NO_GAP']) {
    const step = nextStep(judged({ kind }, { explanation, measure_next: null }));
    assert.deepEqual([step.open, step.rivals, step.measure, step.beside], [false, [], null, [beside]], kind);
    assert.doesNotMatch(step.change, /does not know/, kind);
  }
});

test('a recipe is copied as the run.json that it came from, without what only that run has', () => {
  const run = create(RunSchema, {
    name: 'rigs/a/runs/1',
    segments: [
      { name: 'heat', startS: 0, endS: 10.006, setpoints: { T: { value: 1066, ramp: true }, A: { value: 0.1, ramp: false } } },
    ],
    substrate: { material: 'sapphire', thicknessM: 0.0005 },
  });
  assert.deepEqual(JSON.parse(recipeText(run)), {
    segments: [{ name: 'heat', start_s: 0, end_s: 10.006, setpoints: { A: 0.1, T: { ramp_to: 1066 } } }],
    substrate: { material: 'sapphire', thickness_m: 0.0005 },
  });
  assert.deepEqual(JSON.parse(recipeText(create(RunSchema, {}))), { segments: [] });
});
