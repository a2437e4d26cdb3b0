import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create } from '@bufbuild/protobuf';

import { GetSeriesResponseSchema } from '../../../client/web/src/gen/parallax/v1/query_pb.ts';
import { SimulateResponseSchema } from '../../../client/web/src/gen/parallax/v1/twin_pb.ts';
import { decimatedOf, predictionOf, predictionSince, samplesOf } from '../../../client/web/src/series/columns.ts';

const ORIGIN = 1_756_218_211_000_000_000n;

test('parts of a series are one, with times from the origin to the nanosecond', () => {
  const parts = [
    create(GetSeriesResponseSchema, {
      timeUnixNs: [ORIGIN - 1n, ORIGIN + 500_000_000n],
      value: [1, 2],
      quality: Uint8Array.of(0, 0x22),
      unit: 'K',
    }),
    create(GetSeriesResponseSchema, {
      timeUnixNs: [ORIGIN + 3_000_000_000n],
      value: [3],
      quality: Uint8Array.of(0),
      unit: 'K',
    }),
  ];
  const { unit, time, value, quality } = samplesOf(parts, ORIGIN);
  assert.equal(unit, 'K');
  assert.deepEqual([...time], [-1e-9, 0.5, 3]);
  assert.deepEqual([...value], [1, 2, 3]);
  assert.deepEqual([...quality], [0, 0x22, 0]);
});

test('empty buckets are left out, and samples are counted', () => {
  const decimated = decimatedOf(
    [
      create(GetSeriesResponseSchema, {
        timeUnixNs: [0n, 1_000_000_000n, 2_000_000_000n],
        value: [4, 0, 6],
        first: [3, 0, 6],
        minimum: [1, 0, 6],
        maximum: [9, 0, 6],
        count: [12n, 0n, 1n],
        unit: 'Cel',
      }),
    ],
    0n,
  );
  assert.equal(decimated.samples, 13);
  assert.equal(decimated.width, 1);
  assert.deepEqual([...decimated.buckets.start], [0, 2]);
  assert.deepEqual([...decimated.buckets.minimum], [1, 6]);
  assert.deepEqual([...decimated.buckets.last], [4, 6]);
});

test('a prediction is its parts joined, outcomes those of the last', () => {
  const part = (time: number[], value: number[]) => ({
    timeS: time,
    signals: [
      {
        channel: 'board/T1',
        unit: 'Cel',
        value,
        band: { low95: value, low50: value, median: value, high50: value, high95: value },
      },
    ],
  });
  const joined = predictionOf([
    create(SimulateResponseSchema, part([0, 1], [20, 21])),
    create(SimulateResponseSchema, {
      ...part([2], [22]),
      outcomes: [{ name: 'share_6_5', unit: '1', value: 0.4 }],
      domainExits: [{ quantity: 'T', unit: 'K', reachedLow: 1, reachedHigh: 4, low: 2, high: 3 }],
    }),
  ]);
  assert.deepEqual([...joined.time], [0, 1, 2]);
  assert.deepEqual([...(joined.signals[0]?.value ?? [])], [20, 21, 22]);
  assert.deepEqual([...(joined.signals[0]?.band?.high95 ?? [])], [20, 21, 22]);
  assert.deepEqual(joined.outcomes, { share_6_5: 0.4 });
  assert.equal(joined.exits[0]?.reachedHigh, 4);
});

test('of a prediction only what is from a time on is kept, with the outcomes of the whole run', () => {
  const value = [1, 2, 3];
  const band = { low95: value, low50: value, median: value, high50: value, high95: value };
  const signals = [{ channel: 'board/T1', unit: 'Cel', value, band }, { channel: 'board/T2', unit: 'Cel', value }];
  const outcomes = [{ name: 'height', value: 5 }];
  const whole = predictionOf([create(SimulateResponseSchema, { timeS: [0, 1, 2], signals, outcomes })]);
  const end = predictionSince(whole, 0.5);
  assert.deepEqual([...end.time], [1, 2]);
  assert.deepEqual([...(end.signals[0]?.value ?? [])], [2, 3]);
  assert.deepEqual([...(end.signals[0]?.band?.high95 ?? [])], [2, 3]);
  assert.equal(end.signals[1]?.band, null);
  assert.deepEqual(end.outcomes, { height: 5 });
  assert.deepEqual(predictionSince(whole, 0), whole);
});
