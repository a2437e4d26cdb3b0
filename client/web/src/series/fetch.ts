/** How the worker answers: what it asks the daemon, and what of it the page gets to see. */
import { create } from '@bufbuild/protobuf';
import { TimestampSchema, type Timestamp } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';

import { isCancelled, troubleOf, type Trouble } from '../api/errors.ts';
import { makeTransport } from '../api/transport.ts';
import type { WatchQuestion } from '../api/watch.ts';
import { nsAfter, timestampParts } from '../base/time.ts';
import { QueryService, SeriesForm, type GetSeriesResponse } from '../gen/parallax/v1/query_pb.ts';
import { DriveMode, TwinService, type SimulateResponse } from '../gen/parallax/v1/twin_pb.ts';
import type { WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import { decimatedOf, predictionOf, predictionSince, samplesOf, type Samples } from './columns.ts';
import {
  breakGaps,
  bucketLine,
  extremes,
  goodOnly,
  largestStep,
  medianStep,
  qualityMarks,
  visible,
} from './decimate.ts';
import { Limiter, Memory } from './limiter.ts';
import { LiveSeries } from './live.ts';
import type {
  ChannelHealth,
  HealthRequest,
  Picture,
  PictureRequest,
  Prediction,
  PredictionRequest,
} from './protocol.ts';
import { tallyQuality } from './quality.ts';

/** Fewer samples than this a pixel are drawn one by one. */
const SAMPLES_A_PIXEL = 4;
/** A channel of more samples is drawn without its filtered form. */
const MOST_FILTERED = 1_000_000;
/** One seed, so that bands stay where they are when the page asks again. */
const SEED = 0n;

const transport = makeTransport();
const query = createClient(QueryService, transport);
const twin = createClient(TwinService, transport);
const limiter = new Limiter(4);
const filteredSeries = new Memory<Filtered>(24);
const predictions = new Memory<Prediction>(4);

interface Filtered {
  samples: Samples | null;
  trouble: Trouble | null;
}

interface Range {
  startTime?: Timestamp;
  endTime?: Timestamp;
}

function timestamp(ns: bigint): Timestamp {
  return create(TimestampSchema, timestampParts(ns));
}

function rangeOf({ originNs, from, to }: PictureRequest): Range {
  return {
    ...(from === null ? {} : { startTime: timestamp(nsAfter(originNs, from)) }),
    ...(to === null ? {} : { endTime: timestamp(nsAfter(originNs, to)) }),
  };
}

async function collect<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

function series(
  of: { run: string; channel: string },
  form: SeriesForm,
  signal: AbortSignal,
  more: Range & { buckets?: number } = {},
): Promise<GetSeriesResponse[]> {
  return limiter.run(() =>
    collect(query.getSeries({ run: of.run, channel: of.channel, form, ...more }, { signal })),
  );
}

/** A channel after cleaning: all of it, so that a zoom need not ask again. What is kept is not cancelled by one asker. */
function filteredOf(of: PictureRequest | HealthRequest): Promise<Filtered> {
  return filteredSeries.get(`${of.run} ${of.channel}`, of.version, () =>
    limiter.run(async () => {
      const parts: GetSeriesResponse[] = [];
      const { run, channel, originNs } = of;
      let samples = 0;
      try {
        for await (const part of query.getSeries({ run, channel, form: SeriesForm.FILTERED })) {
          parts.push(part);
          samples += part.value.length;
          if (samples > MOST_FILTERED) return { samples: null, trouble: tooMany() };
        }
      } catch (reason) {
        const trouble = troubleOf(reason);
        // What the daemon says of these samples will be said again; that it was away will not.
        if (trouble.code !== 'FAILED_PRECONDITION') throw reason;
        return { samples: null, trouble };
      }
      return { samples: samplesOf(parts, originNs), trouble: null };
    }),
  );
}

function tooMany(): Trouble {
  return {
    code: 'OUT_OF_RANGE',
    message: `The filtered form is drawn for up to ${MOST_FILTERED} samples of a channel.`,
    details: [],
  };
}

/** Filtered as far as it goes: a picture of raw samples is worth showing without it. */
async function filteredOrTrouble(request: PictureRequest | HealthRequest): Promise<Filtered> {
  try {
    return await filteredOf(request);
  } catch (reason) {
    if (isCancelled(reason)) throw reason;
    return { samples: null, trouble: troubleOf(reason) };
  }
}

async function rawOf(
  request: PictureRequest,
  signal: AbortSignal,
): Promise<Pick<Picture, 'unit' | 'raw' | 'rawForm' | 'samples'>> {
  const range = rangeOf(request);
  const { buckets } = request;
  const parts = await series(request, SeriesForm.DECIMATED, signal, { ...range, buckets });
  const { unit, buckets: columns, samples, width } = decimatedOf(parts, request.originNs);
  if (samples > SAMPLES_A_PIXEL * buckets) {
    return { unit, raw: breakGaps(bucketLine(columns, width)), rawForm: 'buckets', samples };
  }
  const raw = samplesOf(await series(request, SeriesForm.RAW, signal, range), request.originNs);
  return { unit, raw: breakGaps({ x: raw.time, y: raw.value }), rawForm: 'samples', samples };
}

export async function fetchPicture(request: PictureRequest, signal: AbortSignal): Promise<Picture> {
  const [raw, filtered] = await Promise.all([rawOf(request, signal), filteredOrTrouble(request)]);
  const picture = { ...raw, filteredTrouble: filtered.trouble };
  if (filtered.samples === null) return { ...picture, filtered: null, marks: null };
  const { time, quality } = filtered.samples;
  const window = [request.from ?? -Infinity, request.to ?? Infinity] as const;
  const [first, last] = visible(time, ...window);
  const { x, y } = goodOnly(filtered.samples);
  const [begin, end] = visible(x, ...window);
  const kept = extremes(x, y, begin, end, request.buckets);
  const pick = (column: Float64Array) => Float64Array.from(kept, (i) => column[i] as number);
  return {
    ...picture,
    filtered: breakGaps({ x: pick(x), y: pick(y) }),
    marks: qualityMarks(time, quality, first, last, request.buckets),
  };
}

/** Puts what is stored of a channel into `series` as it comes; false where it is more than is taken one by one. */
async function storeLive(
  { run, channel }: PictureRequest,
  range: Range,
  series: LiveSeries,
  signal: AbortSignal,
): Promise<boolean> {
  let samples = 0;
  for await (const part of query.getSeries({ run, channel, form: SeriesForm.LIVE, ...range }, { signal })) {
    samples += part.value.length;
    if (samples > MOST_FILTERED) return false;
    series.store(part);
  }
  return true;
}

/** What is stored of a channel of an open run: sample by sample, or where those are too many, all but the newest in buckets. */
export async function fetchLive(request: PictureRequest, signal: AbortSignal): Promise<LiveSeries> {
  const range = rangeOf(request);
  const whole = new LiveSeries(request);
  if (await limiter.run(() => storeLive(request, range, whole, signal))) return whole;
  const parts = await series(request, SeriesForm.DECIMATED, signal, { ...range, buckets: request.buckets });
  const { buckets, width } = decimatedOf(parts, request.originNs);
  const made = new LiveSeries(request);
  made.trouble = tooMany();
  const startTime = timestamp(nsAfter(request.originNs, made.storeBuckets(buckets, width)));
  await limiter.run(() => storeLive(request, { ...range, startTime }, made, signal));
  return made;
}

/** QueryService.Watch. */
export function watchEvents(question: WatchQuestion, signal: AbortSignal): AsyncIterable<WatchResponse> {
  return query.watch(question, { signal });
}

/** Times of all samples: the cleaned ones, or as sent where there are too few good ones to clean. */
async function timesOf(request: HealthRequest, filtered: Filtered, signal: AbortSignal) {
  if (filtered.samples !== null) return filtered.samples.time;
  if (filtered.trouble?.code !== 'FAILED_PRECONDITION') return new Float64Array();
  return samplesOf(await series(request, SeriesForm.RAW, signal), request.originNs).time;
}

export async function fetchHealth(request: HealthRequest, signal: AbortSignal): Promise<ChannelHealth> {
  const [parts, filtered] = await Promise.all([
    series(request, SeriesForm.DECIMATED, signal, { buckets: 1 }),
    filteredOrTrouble(request),
  ]);
  const { unit, samples } = decimatedOf(parts, request.originNs);
  const time = await timesOf(request, filtered, signal);
  const step = medianStep(time);
  return {
    unit,
    samples,
    first: time[0] ?? NaN,
    last: time[time.length - 1] ?? NaN,
    step: Number.isFinite(step) ? step : NaN,
    largestStep: largestStep(time),
    tally: filtered.samples === null ? null : tallyQuality(filtered.samples.quality),
    tallyTrouble: filtered.trouble,
  };
}

export function fetchPrediction(request: PredictionRequest): Promise<Prediction> {
  const { run, parameterSet, drive, draws, from } = request;
  const mode = drive === 'measured' ? DriveMode.MEASURED : DriveMode.RECIPE;
  const key = `${run} ${parameterSet} ${drive} ${draws}`;
  return predictions.get(key, `${request.version} ${from}`, () =>
    limiter.run(async () => {
      const parts: SimulateResponse[] = [];
      for await (const part of twin.simulate({ run, mode, parameterSet, draws, seed: SEED })) {
        // What is before the time asked for is let go as the rest comes; the last part has the outcomes.
        while (from !== null && (parts[0]?.timeS.at(-1) ?? Infinity) < from) parts.shift();
        parts.push(part);
      }
      const whole = predictionOf(parts);
      return from === null ? whole : predictionSince(whole, from);
    }),
  );
}
