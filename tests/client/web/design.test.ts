import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readCard } from '../../../client/web/src/report/card.ts';
import { plannedRecipeText, readDesign, separatesText } from '../../../client/web/src/report/design.ts';
import { parseRoute } from '../../../client/web/src/base/route.ts';
import design from '../design.json';
import card from '../model_card.json';

test('a suggestion tells what it separates and lacks what only a goal has', () => {
  const [first] = readDesign(JSON.stringify(design)).experiments;
  assert.ok(first !== undefined);
  assert.equal(separatesText(first), 'k0 from Rc');
  assert.equal(first.probability_of_reaching, null);
  assert.equal(first.changes.length, 2);
});

test('a recipe is a run.json without what the rig has not', () => {
  const [first] = readDesign(JSON.stringify(design)).experiments;
  assert.ok(first !== undefined);
  const run = JSON.parse(plannedRecipeText(first));
  assert.deepEqual(Object.keys(run).sort(), ['segments', 'substrate']);
  assert.deepEqual(run.segments[0].setpoints.stage_sp, { ramp_to: 1102.5 });
});

test('another format is told, not shown', () => {
  assert.throws(() => readDesign('{"format":"parallax.design/2","experiments":[]}'), /reads parallax.design\/1/);
  assert.throws(() => readCard('{"format":"parallax.model/2"}'), /reads parallax.model\/1/);
});

test('a card tells each outcome and what was not learned', () => {
  const read = readCard(JSON.stringify(card));
  assert.deepEqual(read.outcomes.map(({ outcome, refused }) => [outcome, refused]), [
    ['height', false],
    ['share_6_5', true],
  ]);
  assert.equal(read.not_learnt[0]?.outcome, 'd_over_g');
});

test('models of a rig have an address', () => {
  assert.equal(parseRoute('#/rigs/a/models?revision=2')?.view, 'models');
  assert.equal(parseRoute('#/rigs/a/models/2'), null);
});
