/** What the page asks of its worker, which fetches, decodes and thins out series off the main thread. */
import type { Trouble } from '../api/errors.ts';
import type { WatchQuestion } from '../api/watch.ts';
import type { WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import type { Line, Marks } from './decimate.ts';
import type { QualityTally } from './quality.ts';

/** Times are seconds from `originNs`, the run's start. */
interface OfChannel {
  run: string;
  /** "device/channel". */
  channel: string;
  originNs: bigint;
  /** Changes when the run has other samples; equal versions may be answered from memory. */
  version: string;
}

export interface PictureRequest extends OfChannel {
  kind: 'picture';
  /** Null: from the first sample, to the last. */
  from: number | null;
  to: number | null;
  /** Width of the plot in pixels. */
  buckets: number;
  /** Whether samples of the run are told as they come; `version` is not looked at then. */
  open: boolean;
  /** How much of the run's end is shown, where it is followed [s]; `from` goes along with it. */
  tail: number | null;
}

/** One channel as it is drawn. */
export interface Picture {
  unit: string;
  raw: Line;
  /** Whether `raw` has every sample, or least, greatest, first and last of each bucket. */
  rawForm: 'samples' | 'buckets';
  /** Samples in the range that was asked for. */
  samples: number;
  filtered: Line | null;
  marks: Marks | null;
  /** Why there is no filtered form. */
  filteredTrouble: Trouble | null;
}

export interface HealthRequest extends OfChannel {
  kind: 'health';
}

export interface ChannelHealth {
  unit: string;
  samples: number;
  /** Of the first and the last sample [s]; NaN where there is none. */
  first: number;
  last: number;
  /** Median and greatest step between samples [s]; NaN with fewer than two. */
  step: number;
  largestStep: number;
  /** Null where the channel could not be cleaned. */
  tally: QualityTally | null;
  tallyTrouble: Trouble | null;
}

export interface PredictionRequest {
  kind: 'prediction';
  run: string;
  /** Of the run, in case it has other samples by now. */
  version: string;
  parameterSet: string;
  drive: 'measured' | 'recipe';
  /** 0: no band. */
  draws: number;
  /** From here on [s]; null: all of it. */
  from: number | null;
}

export interface Band {
  low95: Float64Array;
  low50: Float64Array;
  median: Float64Array;
  high50: Float64Array;
  high95: Float64Array;
}

export interface PredictedSignal {
  channel: string;
  unit: string;
  value: Float64Array;
  band: Band | null;
}

export interface Prediction {
  /** Seconds from the run's start. */
  time: Float64Array;
  signals: PredictedSignal[];
  exits: { quantity: string; unit: string; reachedLow: number; reachedHigh: number; low: number; high: number }[];
  /** "share_6_5" and the like, by name. */
  outcomes: Record<string, number>;
}

export type Request = PictureRequest | HealthRequest | PredictionRequest;

export interface Answers {
  picture: Picture;
  health: ChannelHealth;
  prediction: Prediction;
}

/** A stream of Watch is asked for here too; the worker keeps the samples and passes on that they came. */
export type ToWorker =
  | { id: number; request: Request }
  | { id: number; watch: WatchQuestion }
  | { id: number; cancel: true }
  | { token: string };
export type FromWorker =
  | { id: number; answer: Answers[keyof Answers] }
  | { id: number; trouble: Trouble; cancelled: boolean }
  | { id: number; event: WatchResponse }
  | { id: number; ended: StreamEnd | null };

/** Why a stream ended, with the number of the canonical status code. */
export interface StreamEnd {
  code: number;
  message: string;
}
