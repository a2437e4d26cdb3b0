import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create } from '@bufbuild/protobuf';

import { GetSeriesResponseSchema } from '../../../client/web/src/gen/parallax/v1/query_pb.ts';
import { WatchResponseSchema, type WatchResponse } from '../../../client/web/src/gen/parallax/v1/watch_pb.ts';
import { LivePictures, LiveSeries } from '../../../client/web/src/series/live.ts';
import type { Picture, PictureRequest } from '../../../client/web/src/series/protocol.ts';

const ORIGIN = 1_700_000_000_000_000_000n;
const RUN = 'rigs/a/runs/0';
const ns = (seconds: number) => ORIGIN + BigInt(Math.round(seconds * 1e9));

type Sample = [seconds: number, value: number, quality?: number];

const columns = (samples: readonly Sample[]) => ({
  timeUnixNs: samples.map(([time]) => ns(time)),
  value: samples.map(([, value]) => value),
  filtered: samples.map(([, value]) => value + 0.5),
  quality: Uint8Array.from(samples, ([, , quality]) => quality ?? 0),
  unit: 'K',
});

const stored = (samples: readonly Sample[]) => create(GetSeriesResponseSchema, columns(samples));

const pointsOf = (samples: readonly Sample[], watermark = 0, channel = 'b/T') => ({
  channel,
  ...columns(samples),
  watermarkUnixNs: ns(watermark),
});

function told(samples: readonly Sample[], watermark?: number): WatchResponse {
  return create(WatchResponseSchema, {
    cursor: 'a.1',
    event: { case: 'points', value: { run: RUN, channels: [pointsOf(samples, watermark)] } },
  });
}
const CAUGHT_UP = create(WatchResponseSchema, { event: { case: 'caughtUp', value: {} } });
const gap = (channel: string) =>
  create(WatchResponseSchema, { event: { case: 'gap', value: { run: RUN, channel } } });

const REQUEST: PictureRequest = {
  kind: 'picture', run: RUN, channel: 'b/T', originNs: ORIGIN, version: '', open: true,
  from: null, to: null, tail: null, buckets: 100,
};

/** Of who still wants the picture. */
const SEEN = new AbortController().signal;

/** A daemon that stores `samples`, and how often it was asked for them. */
function daemon(samples: Sample[]) {
  const at = { now: 0, asked: 0, samples };
  const pictures = new LivePictures(async (request) => {
    at.asked += 1;
    const series = new LiveSeries(request);
    const { from, to } = request;
    series.store(stored(at.samples.filter(([time]) => time >= (from ?? 0) && time < (to ?? Infinity))));
    return series;
  }, () => at.now, 1);
  pictures.begin('');
  pictures.hear(CAUGHT_UP);
  return { at, pictures };
}

const raw = ({ raw: { x, y } }: Picture) => [...x].map((time, i): [number, number] => [time, y[i] as number]);

test('what is told is put behind what was stored, which is asked for once', async () => {
  const { at, pictures } = daemon([[0, 1], [1, 2]]);
  const first = pictures.picture(REQUEST, SEEN);
  // On its way already when the answer comes, and told again after.
  pictures.hear(told([[1, 2], [2, 3]]));
  assert.deepEqual(raw(await first), [[0, 1], [1, 2], [2, 3]]);
  pictures.hear(told([[3, 4], [3.5, 5, 0x22]]));
  const picture = await pictures.picture(REQUEST, SEEN);
  assert.deepEqual(raw(picture), [[0, 1], [1, 2], [2, 3], [3, 4], [3.5, 5]]);
  assert.deepEqual([...(picture.filtered?.y ?? [])], [1.5, 2.5, 3.5, 4.5]);
  assert.deepEqual([[...(picture.marks?.x ?? [])], [...(picture.marks?.level ?? [])]], [[3.5], [2]]);
  assert.equal(picture.samples, 5);
  assert.equal(picture.rawForm, 'samples');
  assert.equal(at.asked, 1);
});

test('a sample that is told again replaces what was told, one out of order is put between', async () => {
  const { at, pictures } = daemon([[0, 1]]);
  await pictures.picture(REQUEST, SEEN);
  pictures.hear(told([[2, 3], [4, 5, 0x22]]));
  pictures.hear(told([[3, 9], [4, 6]]));
  const picture = await pictures.picture(REQUEST, SEEN);
  assert.deepEqual(raw(picture), [[0, 1], [2, 3], [3, 9], [4, 6]]);
  assert.equal(picture.marks?.x.length, 0, 'what was bad is good');
  assert.equal(at.asked, 1);
});

test('a long run is thinned out to the plot with its extremes, and goes on without a question', async () => {
  const value = (i: number) => (i === 3_333 ? 99 : i === 9_876 ? -99 : Math.sin(i / 7));
  const all = Array.from({ length: 20_000 }, (_, i): Sample => [i / 10, value(i)]);
  const { at, pictures } = daemon(all.slice(0, 5_000));
  await pictures.picture(REQUEST, SEEN);
  for (let i = 5_000; i < all.length; i += 10) pictures.hear(told(all.slice(i, i + 10), i / 10 - 2));
  const picture = await pictures.picture(REQUEST, SEEN);
  assert.equal(picture.samples, 20_000);
  assert.equal(picture.rawForm, 'buckets');
  assert.ok(picture.raw.x.length <= 600, `${picture.raw.x.length} points on 100 pixels`);
  const by = new Map(raw(picture));
  assert.equal(by.get(333.3), 99);
  assert.equal(by.get(987.6), -99);
  for (const [time, y] of by) assert.equal(y, value(Math.round(time * 10)), 'each point is a sample');
  assert.equal(at.asked, 1);
});

test('the end is followed without a question, and what is before it is let go', async () => {
  const { at, pictures } = daemon([[0, 1], [10, 2], [20, 3]]);
  const tail = { ...REQUEST, from: 0, tail: 10 };
  await pictures.picture(tail, SEEN);
  pictures.hear(told([[30, 4]]));
  assert.deepEqual(raw(await pictures.picture({ ...tail, from: 20 }, SEEN)), [[20, 3], [30, 4]]);
  assert.equal(at.asked, 1);
});

test('another window is another question, and only samples within it are drawn', async () => {
  const { at, pictures } = daemon([[0, 1], [1, 2], [2, 3]]);
  await pictures.picture(REQUEST, SEEN);
  const zoomed = { ...REQUEST, from: 1, to: 3 };
  await pictures.picture(zoomed, SEEN);
  pictures.hear(told([[2.5, 4], [3, 5]]));
  assert.deepEqual(raw(await pictures.picture(zoomed, SEEN)), [[1, 2], [2, 3], [2.5, 4]]);
  assert.equal(at.asked, 2);
});

test('a late sample in what was thinned out is asked for, no more than every two seconds', async () => {
  const all = Array.from({ length: 5_000 }, (_, i): Sample => [i / 10, 1]);
  const { at, pictures } = daemon(all);
  await pictures.picture(REQUEST, SEEN);
  // Behind what was stored, but in order: it is known.
  pictures.hear(told([[100, 1], [100.1, 1]]));
  assert.equal((await pictures.picture(REQUEST, SEEN)).samples, 5_000);
  pictures.hear(told([[500, 1]]));
  at.samples = [...all.slice(0, 1_000), [99.95, 7], ...all.slice(1_000), [500, 1]];
  pictures.hear(told([[99.95, 7]]));
  assert.equal((await pictures.picture(REQUEST, SEEN)).samples, 5_001);
  assert.equal(at.asked, 1);
  at.now = 2_000;
  assert.equal((await pictures.picture(REQUEST, SEEN)).samples, 5_002);
  assert.equal(at.asked, 2);
  at.now = 4_000;
  await pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 2);
});

test('where what is told stays behind what was thinned out, it is asked for every ten seconds', async () => {
  const all = Array.from({ length: 5_000 }, (_, i): Sample => [i / 10, 1]);
  const { at, pictures } = daemon(all);
  await pictures.picture(REQUEST, SEEN);
  // The clock was set back.
  at.samples = [[50.05, 7], ...all];
  pictures.hear(told([[50.05, 7]]));
  at.now = 9_999;
  assert.equal((await pictures.picture(REQUEST, SEEN)).samples, 5_000);
  at.now = 10_000;
  assert.equal((await pictures.picture(REQUEST, SEEN)).samples, 5_001);
  assert.equal(at.asked, 2);
});

test('a tail is asked for again where it was thinned out for far more', async () => {
  const all = Array.from({ length: 5_000 }, (_, i): Sample => [i / 10, 1]);
  const { at, pictures } = daemon(all);
  const tail = { ...REQUEST, from: 0, tail: 50 };
  await pictures.picture(tail, SEEN);
  const picture = await pictures.picture({ ...tail, from: 450 }, SEEN);
  assert.deepEqual([picture.rawForm, picture.samples], ['samples', 500]);
  await pictures.picture({ ...tail, from: 450 }, SEEN);
  assert.equal(at.asked, 2);
});

test('after a gap of the channel it is asked for anew, after one of another it is not', async () => {
  const { at, pictures } = daemon([[0, 1]]);
  await pictures.picture(REQUEST, SEEN);
  pictures.hear(gap('b/other'));
  await pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 1);
  at.samples = [[0, 1], [1, 2]];
  pictures.hear(gap('b/T'));
  assert.deepEqual(raw(await pictures.picture(REQUEST, SEEN)), [[0, 1], [1, 2]]);
  assert.equal(at.asked, 2);
  pictures.hear(gap(''));
  await pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 3);
});

test('a stream that goes on from its cursor leaves all as it is, another one begins anew', async () => {
  const { at, pictures } = daemon([[0, 1]]);
  await pictures.picture(REQUEST, SEEN);
  pictures.begin('a.1');
  pictures.hear(told([[1, 2]]));
  pictures.hear(CAUGHT_UP);
  assert.deepEqual(raw(await pictures.picture(REQUEST, SEEN)), [[0, 1], [1, 2]]);
  assert.equal(at.asked, 1);

  at.samples = [[0, 1], [1, 2], [2, 3]];
  pictures.begin('');
  await pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 2, 'nothing is told yet');
  pictures.hear(CAUGHT_UP);
  assert.deepEqual(raw(await pictures.picture(REQUEST, SEEN)), at.samples);
  assert.equal(at.asked, 3, 'what came before all was told is not relied on');
  await pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 3);
});

test('a question waits until all is told, and is not asked for who has gone by then', async () => {
  const { at, pictures } = daemon([[0, 1]]);
  pictures.begin('');
  const gone = new AbortController();
  const first = pictures.picture(REQUEST, gone.signal);
  gone.abort();
  const second = pictures.picture(REQUEST, SEEN);
  assert.equal(at.asked, 0);
  pictures.hear(CAUGHT_UP);
  await assert.rejects(first);
  await second;
  assert.equal(at.asked, 1);
});

test('what is too long ago is taken in buckets, and goes on sample by sample', () => {
  const series = new LiveSeries({ ...REQUEST, buckets: 10 });
  const column = (...values: number[]) => Float64Array.from(values);
  const since = series.storeBuckets({
    start: column(0, 10, 20), first: column(1, 3, 5), minimum: column(0, 2, 4), maximum: column(8, 9, 9),
    last: column(2, 4, 6), count: column(1_000, 1_000, 500),
  }, 10);
  assert.equal(since, 20);
  series.store(stored([[20, 5], [21, 6]]));
  const picture = series.picture(null);
  assert.equal(picture.samples, 2_002);
  assert.deepEqual([...picture.raw.y], [1, 0, 8, 2, 3, 2, 9, 4, 5, 6]);
});
