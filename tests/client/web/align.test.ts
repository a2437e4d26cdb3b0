import assert from 'node:assert/strict';
import { test } from 'node:test';

import { align, nearest, residual, valueAt } from '../../../client/web/src/series/align.ts';

const line = (x: number[], y: number[]) => ({ x: Float64Array.from(x), y: Float64Array.from(y) });

test('lines share one time axis; a gap is null, a time of others undefined', () => {
  const { x, columns } = align([line([0, 2, 4], [1, NaN, 3]), line([1, 2], [7, 8])]);
  assert.deepEqual([...x], [0, 1, 2, 4]);
  assert.deepEqual(columns[0], [1, undefined, null, 3]);
  assert.deepEqual(columns[1], [undefined, 7, 8, undefined]);
});

test('lines without points are columns without values', () => {
  const { x, columns } = align([line([], []), line([5], [6])]);
  assert.deepEqual([...x], [5]);
  assert.deepEqual(columns, [[undefined], [6]]);
});

test('between points a line is straight, beyond its ends it is nothing', () => {
  const l = line([0, 10], [0, 5]);
  assert.equal(valueAt(l, 4), 2);
  assert.equal(valueAt(l, 10), 5);
  assert.ok(Number.isNaN(valueAt(l, -1)));
  assert.ok(Number.isNaN(valueAt(l, 10.1)));
  assert.ok(Number.isNaN(valueAt(line([0, 1, 2], [0, NaN, 2]), 0.5)));
});

test('the nearest point counts within its reach', () => {
  const l = line([0, 10], [3, 4]);
  assert.equal(nearest(l, 1, 2), 3);
  assert.equal(nearest(l, 9, 2), 4);
  assert.ok(Number.isNaN(nearest(l, 5, 2)));
});

test('a residual is measured minus predicted where there are both', () => {
  const measured = line([0, 1, 2, 3], [10, 11, NaN, 13]);
  const predicted = line([0.5, 3], [10, 15]);
  const { x, y } = residual(measured, predicted);
  assert.deepEqual([...x], [1, 2, 3]);
  assert.equal(y[0], 0);
  assert.ok(Number.isNaN(y[1]));
  assert.equal(y[2], -2);
});
