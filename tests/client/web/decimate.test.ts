import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  breakGaps,
  bucketLine,
  extremes,
  goodOnly,
  largestStep,
  medianStep,
  qualityMarks,
  visible,
} from '../../../client/web/src/series/decimate.ts';

const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

/** A fixed sequence that looks random (Numerical Recipes' linear congruential generator). */
function* noise(seed: number): Generator<number> {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

test('first, least, greatest and last of each bucket are kept', () => {
  // Two buckets of 10 samples: times 0 to 19.
  const y = Float64Array.from([5, 1, 2, 9, 3, 3, 3, 3, 3, 4, 7, 7, 7, 8, 7, 7, 0, 7, 7, 6]);
  const kept = extremes(ramp(20), y, 0, 20, 2);
  // 19 s in two buckets: the first ends before 9.5 s.
  assert.deepEqual([...kept], [0, 1, 3, 9, 10, 13, 16, 19]);
});

test('few samples are kept as they are', () => {
  assert.deepEqual([...extremes(ramp(8), ramp(8), 2, 8, 2)], [2, 3, 4, 5, 6, 7]);
  assert.deepEqual([...extremes(ramp(8), ramp(8), 5, 5, 2)], []);
});

test('no extreme of any stretch is lost, whatever the data', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const random = noise(seed);
    const n = 500 + seed * 37;
    let time = 0;
    const x = Float64Array.from({ length: n }, () => (time += 0.01 + (random.next().value as number)));
    const y = Float64Array.from({ length: n }, () => random.next().value as number);
    const kept = [...extremes(x, y, 0, n, 25)];
    assert.ok(kept.length <= 100);
    assert.deepEqual(kept, [...new Set(kept)].sort((a, b) => a - b));
    assert.equal(Math.max(...kept.map((i) => y[i] as number)), Math.max(...y));
    assert.equal(Math.min(...kept.map((i) => y[i] as number)), Math.min(...y));
    assert.equal(kept[0], 0);
    assert.equal(kept[kept.length - 1], n - 1);
  }
});

test('what is visible reaches one sample beyond the window on each side', () => {
  assert.deepEqual(visible(ramp(10), 2.5, 5.5), [2, 7]);
  assert.deepEqual(visible(ramp(10), -5, 50), [0, 10]);
  assert.deepEqual(visible(ramp(0), 0, 1), [0, 0]);
});

test('a bucket is drawn by its first, least, greatest and last, one of a single sample by that', () => {
  const line = bucketLine(
    {
      start: Float64Array.of(0, 8),
      first: Float64Array.of(2, 5),
      minimum: Float64Array.of(1, 5),
      maximum: Float64Array.of(9, 5),
      last: Float64Array.of(3, 5),
      count: Float64Array.of(40, 1),
    },
    8,
  );
  assert.deepEqual([...line.x], [0, 2, 4, 6, 8]);
  assert.deepEqual([...line.y], [2, 1, 9, 3, 5]);
});

test('a line is broken where samples are missing, and only there', () => {
  const x = Float64Array.of(0, 1, 2, 3, 13, 14);
  const broken = breakGaps({ x, y: Float64Array.of(0, 0, 0, 1, 2, 2) });
  assert.deepEqual([...broken.x], [0, 1, 2, 3, 8, 13, 14]);
  assert.ok(Number.isNaN(broken.y[4]));
  const whole = breakGaps({ x: ramp(6), y: ramp(6) });
  assert.equal(whole.x.length, 6);
});

test('steps are measured between neighbours', () => {
  assert.equal(medianStep(Float64Array.of(0, 1, 2, 2, 9)), 1);
  assert.equal(medianStep(Float64Array.of(4)), Infinity);
  assert.equal(largestStep(Float64Array.of(0, 1, 2, 9)), 7);
  assert.ok(Number.isNaN(largestStep(Float64Array.of(4))));
});

test('the filtered line goes through good samples only', () => {
  const line = goodOnly({
    time: Float64Array.of(0, 1, 2),
    value: Float64Array.of(10, -500, 12),
    quality: Uint8Array.of(0x00, 0x24, 0x06),
  });
  assert.deepEqual([...line.x], [0, 2]);
  assert.deepEqual([...line.y], [10, 12]);
});

test('marks show the worst sample of each bucket', () => {
  const quality = Uint8Array.of(0, 0x13, 0x22, 0, 0, 0, 0, 0, 0x13, 0);
  const marks = qualityMarks(ramp(10), quality, 0, 10, 3);
  assert.deepEqual([...marks.x], [1, 8]);
  assert.deepEqual([...marks.level], [2, 1]);
});
