import assert from 'node:assert/strict';
import { test } from 'node:test';

import { latentTicks, mappedRuns, outline, reach95, stretch } from '../../../client/web/src/report/latent.ts';

test('runs without a place are left out, and one axis alone has no second', () => {
  const map = { moved_by: ['k0'], runs: ['a', 'b'], as_assumed: [[2], [null]], at_fit: null };
  assert.deepEqual(mappedRuns(map), [{ run: 'a', assumed: [2, 0], fitted: null }]);
  const both = { moved_by: ['k0', 'dp0'], runs: ['a'], as_assumed: [[2, -1]], at_fit: [[0.5, 0]] };
  assert.deepEqual(mappedRuns(both), [{ run: 'a', assumed: [2, -1], fitted: [0.5, 0] }]);
});

test('ticks reach past the furthest run', () => {
  assert.deepEqual(latentTicks(2.5), [-3, -1, 0, 1, 3]);
  assert.deepEqual(latentTicks(30), [-30, -10, -3, -1, 0, 1, 3, 10, 30]);
  assert.equal(latentTicks(5000).at(-1), 1000);
});

test('the outline holds 95 % of a right twin\u2019s runs', () => {
  // Of two standard normals: P(r < R) = 1 - exp(-R^2 / 2).
  assert.ok(Math.abs(1 - Math.exp(-(reach95(2) ** 2) / 2) - 0.95) < 1e-4);
  assert.equal(reach95(1), 1.96);
  for (const [x, y] of outline(2)) assert.ok(Math.abs(Math.hypot(x, y) - reach95(2)) < 1e-12);
  assert.equal(stretch(0), 0);
  assert.equal(stretch(-3), -stretch(3));
});
