import assert from 'node:assert/strict';
import { test } from 'node:test';

import { GrowingLine } from '../../../client/web/src/series/growing.ts';

const points = (line: GrowingLine) => {
  const { x, y } = line.line();
  return [...x].map((time, i) => [time, y[i]]);
};

function filled(...all: [number, number][]): GrowingLine {
  const line = new GrowingLine();
  for (const [x, y] of all) line.put(x, y);
  return line;
}

test('points are kept in order of time, at one time the last that came', () => {
  const line = filled([1, 10], [3, 30], [2, 20], [3, 31]);
  assert.deepEqual(points(line), [[1, 10], [2, 20], [3, 31]]);
  assert.equal(line.samples, 3);
});

test('NaN takes away what is at its time, and adds nothing', () => {
  const line = filled([1, 10], [2, 20], [1, NaN], [5, NaN]);
  assert.deepEqual(points(line), [[2, 20]]);
  assert.equal(line.samples, 1);
});

test('what is thinned out keeps first, least, greatest and last of each step, and all newer points', () => {
  const line = filled([0, 5], [1, 9], [2, 6], [3, 1], [4, 7], [5, 4], [10, 2], [11, 3], [12, 8]);
  line.thin(11, 10);
  assert.deepEqual(points(line), [[0, 5], [1, 9], [3, 1], [5, 4], [10, 2], [11, 3], [12, 8]]);
  assert.equal(line.samples, 9);
});

test('thinned out again and again it is as thinned out once, on a grid twice as wide too', () => {
  const all = Array.from({ length: 5_000 }, (_, i): [number, number] => [i / 50, Math.sin(i * i)]);
  const once = filled(...all);
  once.thin(100, 2);
  const often = new GrowingLine();
  all.forEach(([x, y], i) => {
    often.put(x, y);
    if (i % 37 === 0) often.thin(x - 0.5, i < 2_000 ? 0.5 : 1);
  });
  often.thin(100, 2);
  assert.deepEqual(points(often), points(once));
  assert.equal(often.samples, 5_000);
  assert.ok(often.length <= 4 * 50);
});

test('what is dropped is no longer counted', () => {
  const line = filled([0, 5], [1, 9], [2, 6], [3, 1], [4, 7], [10, 2], [11, 3]);
  line.thin(10, 10);
  line.dropBefore(10);
  assert.deepEqual(points(line), [[10, 2], [11, 3]]);
  assert.equal(line.samples, 2);
});
