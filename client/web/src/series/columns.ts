/** Parts of a streamed answer as columns of plain numbers. */
import type { GetSeriesResponse } from '../gen/parallax/v1/query_pb.ts';
import type { SimulateResponse } from '../gen/parallax/v1/twin_pb.ts';
import { secondsSince } from '../base/time.ts';
import { lowerBound, type Buckets } from './decimate.ts';
import type { Band, PredictedSignal, Prediction } from './protocol.ts';

export interface Samples {
  unit: string;
  time: Float64Array;
  value: Float64Array;
  quality: Uint8Array;
}

export function joinNumbers(parts: readonly ArrayLike<number>[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    joined.set(part, filled);
    filled += part.length;
  }
  return joined;
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    joined.set(part, filled);
    filled += part.length;
  }
  return joined;
}

function times(parts: readonly GetSeriesResponse[], originNs: bigint): Float64Array {
  return joinNumbers(
    parts.map((part) => Float64Array.from(part.timeUnixNs, (ns) => secondsSince(originNs, ns))),
  );
}

/** Raw or filtered samples, times in seconds from `originNs`. */
export function samplesOf(parts: readonly GetSeriesResponse[], originNs: bigint): Samples {
  return {
    unit: parts[0]?.unit ?? '',
    time: times(parts, originNs),
    value: joinNumbers(parts.map((part) => part.value)),
    quality: joinBytes(parts.map((part) => part.quality)),
  };
}

export interface Decimated {
  unit: string;
  buckets: Buckets;
  samples: number;
  /** Of every bucket [s]; 0 where there are fewer than two. */
  width: number;
}

/** Buckets of a decimated series without the empty ones. */
export function decimatedOf(parts: readonly GetSeriesResponse[], originNs: bigint): Decimated {
  const start = times(parts, originNs);
  const counts = joinNumbers(parts.map((part) => part.count.map(Number)));
  const kept = [...counts.keys()].filter((i) => (counts[i] as number) > 0);
  const pick = (column: Float64Array) => Float64Array.from(kept, (i) => column[i] as number);
  return {
    unit: parts[0]?.unit ?? '',
    buckets: {
      start: pick(start),
      first: pick(joinNumbers(parts.map((part) => part.first))),
      minimum: pick(joinNumbers(parts.map((part) => part.minimum))),
      maximum: pick(joinNumbers(parts.map((part) => part.maximum))),
      last: pick(joinNumbers(parts.map((part) => part.value))),
      count: pick(counts),
    },
    samples: counts.reduce((sum, count) => sum + count, 0),
    width: start.length > 1 ? (start[1] as number) - (start[0] as number) : 0,
  };
}

/** The parts of a prediction as one; outcomes come with the last. */
export function predictionOf(parts: readonly SimulateResponse[]): Prediction {
  const last = parts[parts.length - 1];
  const signals = (parts[0]?.signals ?? []).map((_, i) => signalOf(parts, i));
  return {
    time: joinNumbers(parts.map((part) => part.timeS)),
    signals,
    exits: (last?.domainExits ?? []).map((exit) => ({
      quantity: exit.quantity,
      unit: exit.unit,
      reachedLow: exit.reachedLow,
      reachedHigh: exit.reachedHigh,
      low: exit.low,
      high: exit.high,
    })),
    outcomes: Object.fromEntries((last?.outcomes ?? []).map(({ name, value }) => [name, value])),
  };
}

/** What is left of a prediction from a time on; outcomes and exits are of the whole run. */
export function predictionSince(whole: Prediction, from: number): Prediction {
  const begin = lowerBound(whole.time, from);
  const cut = (column: Float64Array) => column.slice(begin);
  const cutBand = (band: Band): Band => ({
    low95: cut(band.low95),
    low50: cut(band.low50),
    median: cut(band.median),
    high50: cut(band.high50),
    high95: cut(band.high95),
  });
  const signals = whole.signals.map(({ value, band, ...signal }) => ({
    ...signal,
    value: cut(value),
    band: band === null ? null : cutBand(band),
  }));
  return { ...whole, time: cut(whole.time), signals };
}

function signalOf(parts: readonly SimulateResponse[], i: number): PredictedSignal {
  const own = parts.flatMap((part) => part.signals[i] ?? []);
  const bands = own.flatMap((part) => part.band ?? []);
  const join = (key: keyof Band) => joinNumbers(bands.map((band) => band[key]));
  return {
    channel: own[0]?.channel ?? '',
    unit: own[0]?.unit ?? '',
    value: joinNumbers(own.map((part) => part.value)),
    band:
      bands.length === 0
        ? null
        : {
            low95: join('low95'),
            low50: join('low50'),
            median: join('median'),
            high50: join('high50'),
            high95: join('high95'),
          },
  };
}
