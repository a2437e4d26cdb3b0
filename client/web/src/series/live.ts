/**
 * Pictures of an open run: of each channel what is stored is asked for once, and what the stream of Watch
 * tells is put behind it. Both are filtered forward, bit for bit the same (SERIES_FORM_LIVE).
 */
import type { Trouble } from '../api/errors.ts';
import { secondsSince } from '../base/time.ts';
import type { GetSeriesResponse } from '../gen/parallax/v1/query_pb.ts';
import type { ChannelPoints, Gap, WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import { breakGaps, bucketLine, type Buckets } from './decimate.ts';
import { GrowingLine } from './growing.ts';
import type { Picture, PictureRequest } from './protocol.ts';

/** Of the newest samples that were stored so much is kept as it is [s]: what is told may be behind them. */
const HELD_S = 10;
/** Of what was stored so many samples are taken before they are thinned out. */
const AT_ONCE = 4_096;
/** Points a pixel above which a line is thinned out to four. */
const MOST_A_PIXEL = 6;
/** What was thinned out for a window so many times longer than what is followed is too coarse for it. */
const COARSE = 3;
const BEGIN_MS = 1_000;
const LATE_RETRY_MS = 2_000;
const BEHIND_RETRY_MS = 10_000;
const FORGET_MS = 60_000;

/** One channel of an open run within a window: what was stored, and what was told since. */
export class LiveSeries {
  readonly #originNs: bigint;
  readonly #from: number;
  readonly #to: number;
  readonly #buckets: number;
  readonly #raw = new GrowingLine();
  readonly #filtered = new GrowingLine();
  /** Levels of samples that are not good. */
  readonly #marks = new GrowingLine();
  #unit = '';
  /** Of the grid of what is thinned out [s]; 0: nothing is. */
  #width = 0;
  /** What is before was thinned out. */
  #thinnedUntil = -Infinity;
  /** Of what was told, by time and by arrival. */
  #newest = -Infinity;
  #latest = NaN;
  /** A sample came that belongs into what was thinned out. */
  late = false;
  trouble: Trouble | null = null;

  constructor({ originNs, from, to, buckets }: Pick<PictureRequest, 'originNs' | 'from' | 'to' | 'buckets'>) {
    this.#originNs = originNs;
    this.#from = from ?? -Infinity;
    this.#to = to ?? Infinity;
    this.#buckets = buckets;
  }

  /** A part of the live form of what is stored. */
  store(part: GetSeriesResponse): void {
    this.#unit = part.unit;
    part.timeUnixNs.forEach((ns, i) => {
      this.#put(secondsSince(this.#originNs, ns), part, i);
      if (i % AT_ONCE === AT_ONCE - 1) this.#thin(this.#raw.last - HELD_S);
    });
    this.#thin(this.#raw.last - HELD_S);
  }

  /** All but the last of buckets of `width`; returns since when samples are still to be stored one by one [s]. */
  storeBuckets(buckets: Buckets, width: number): number {
    const last = buckets.start.length - 1;
    const until = buckets.start[last] as number;
    const { x, y } = bucketLine(buckets, width);
    let at = 0;
    for (let i = 0; (x[i] as number) < until; i += 1) {
      const begins = x[i] === buckets.start[at];
      this.#raw.put(x[i] as number, y[i] as number, begins ? buckets.count[at] : 0);
      if (begins) at += 1;
    }
    this.#width = width;
    this.#thinnedUntil = until;
    return until;
  }

  /** Samples as they are told. */
  tell(points: ChannelPoints): void {
    this.#unit = points.unit;
    points.timeUnixNs.forEach((ns, i) => {
      const x = secondsSince(this.#originNs, ns);
      if (x < this.#from || x >= this.#to) return;
      this.#latest = x;
      // What is told in order was stored before the question, where it lies in what was thinned out: see `behind`.
      if (x >= this.#thinnedUntil) this.#put(x, points, i);
      else if (x <= this.#newest) this.late = true;
      this.#newest = Math.max(this.#newest, x);
    });
    this.#thin(secondsSince(this.#originNs, points.watermarkUnixNs));
  }

  /**
   * Whether what is told lies in what was thinned out: it is behind what was stored, which has it; where that lasts, a
   * clock was set back, and it has not.
   */
  get behind(): boolean {
    return this.#latest < this.#thinnedUntil;
  }

  /** Whether it was thinned out for a window far longer than what is followed by now. */
  coarseFor(tail: number | null): boolean {
    return tail !== null && this.#width * this.#buckets > COARSE * tail;
  }

  picture(from: number | null): Picture {
    if (from !== null) for (const line of this.#lines()) line.dropBefore(from);
    const drawn = (line: GrowingLine) => breakGaps(line.line(), 2 * this.#width);
    const { x, y } = this.#marks.line();
    return {
      unit: this.#unit,
      raw: drawn(this.#raw),
      rawForm: this.#width > 0 ? 'buckets' : 'samples',
      samples: this.#raw.samples,
      filtered: drawn(this.#filtered),
      marks: { x, level: Uint8Array.from(y) },
      filteredTrouble: this.trouble,
    };
  }

  #lines(): GrowingLine[] {
    return [this.#raw, this.#filtered, this.#marks];
  }

  #put(x: number, of: Pick<ChannelPoints, 'value' | 'filtered' | 'quality'>, i: number): void {
    const level = Math.min((of.quality[i] ?? 0) >> 4, 2);
    this.#raw.put(x, of.value[i] as number);
    this.#filtered.put(x, level === 0 ? (of.filtered[i] as number) : NaN);
    this.#marks.put(x, level === 0 ? NaN : level);
  }

  #thin(until: number): void {
    if (this.#raw.length <= MOST_A_PIXEL * this.#buckets) return;
    const all = this.#raw.length;
    this.#width ||= (this.#raw.last - this.#raw.first) / this.#buckets;
    const most = 4 * this.#buckets;
    this.#raw.thin(until, this.#width);
    while (this.#raw.before(until) > most) {
      this.#width *= 2;
      this.#raw.thin(until, this.#width);
    }
    if (this.#raw.length === all) return;
    for (const line of this.#lines()) line.thin(until, this.#width);
    this.#thinnedUntil = Math.max(this.#thinnedUntil, until);
  }
}

/** One channel that is shown. */
interface Shown {
  run: string;
  channel: string;
  /** What of it is. */
  window: string;
  stored: Promise<LiveSeries>;
  /** Null until what is stored came; what is told until then waits. */
  series: LiveSeries | null;
  waiting: ChannelPoints[];
  question: AbortController;
  askedMs: number;
  shownMs: number;
}

const keyOf = ({ run, channel }: { run: string; channel: string }) => `${run} ${channel}`;

const windowOf = ({ originNs, from, to, tail, buckets }: PictureRequest) =>
  [originNs, buckets, to === null ? tail : `${from} ${to}`].join(' ');

/** All channels of open runs that are shown. */
export class LivePictures {
  readonly #shown = new Map<string, Shown>();
  /** Whether all that happens is told. */
  #following = false;
  /** Whom to tell once it is. */
  readonly #waiting = new Set<() => void>();

  /**
   * @param stored      asks for what is stored of a channel
   * @param now         [ms]
   * @param patienceMs  how long a picture waits for a stream to tell all, so that what is stored is asked for once
   */
  constructor(
    private readonly stored: (request: PictureRequest, signal: AbortSignal) => Promise<LiveSeries>,
    private readonly now: () => number = Date.now,
    private readonly patienceMs = BEGIN_MS,
  ) {}

  /** A stream of Watch begins; one with a cursor goes on where another ended. */
  begin(cursor: string): void {
    if (cursor === '') this.#following = false;
  }

  /** What a stream tells, in its order. */
  hear({ event }: WatchResponse): void {
    if (event.case === 'caughtUp' && !this.#following) {
      this.#following = true;
      this.#drop(() => true);
      for (const go of this.#waiting) go();
    } else if (event.case === 'gap') {
      this.#drop((one) => isMissing(event.value, one));
    } else if (event.case === 'points') {
      for (const points of event.value.channels) {
        const one = this.#shown.get(keyOf({ run: event.value.run, channel: points.channel }));
        if (one?.series) one.series.tell(points);
        else one?.waiting.push(points);
      }
    }
  }

  async picture(request: PictureRequest, signal: AbortSignal): Promise<Picture> {
    if (!this.#following) await this.#followed();
    signal.throwIfAborted();
    const known = this.#shown.get(keyOf(request));
    const one = known !== undefined && this.#holds(known, request) ? known : this.#ask(request);
    one.shownMs = this.now();
    return (await one.stored).picture(request.from);
  }

  /** Resolves once all is told, or it has taken too long. */
  #followed(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        this.#waiting.delete(go);
        resolve();
      };
      const timer = setTimeout(go, this.patienceMs);
      this.#waiting.add(go);
    });
  }

  #holds(one: Shown, request: PictureRequest): boolean {
    if (!this.#following || one.window !== windowOf(request)) return false;
    if (one.series === null) return true;
    const age = this.now() - one.askedMs;
    if (one.series.late && age >= LATE_RETRY_MS) return false;
    if (one.series.behind && age >= BEHIND_RETRY_MS) return false;
    return !one.series.coarseFor(request.tail);
  }

  #ask(request: PictureRequest): Shown {
    const key = keyOf(request);
    const askedMs = this.now();
    this.#drop((one) => keyOf(one) === key || askedMs - one.shownMs > FORGET_MS);
    const question = new AbortController();
    const { run, channel } = request;
    const one: Shown = {
      run, channel, window: windowOf(request), question, askedMs, shownMs: askedMs,
      series: null,
      waiting: [],
      stored: this.stored(request, question.signal).then((series) => {
        for (const points of one.waiting) series.tell(points);
        one.waiting = [];
        one.series = series;
        return series;
      }),
    };
    this.#shown.set(key, one);
    one.stored.catch(() => {
      if (this.#shown.get(key) === one) this.#shown.delete(key);
    });
    return one;
  }

  #drop(which: (one: Shown) => boolean): void {
    for (const [key, one] of this.#shown) {
      if (!which(one)) continue;
      this.#shown.delete(key);
      one.question.abort();
    }
  }
}

/** Whether a gap is about samples of a channel. */
function isMissing({ run, channel }: Gap, one: { run: string; channel: string }): boolean {
  return run === one.run && (channel === '' || channel === one.channel);
}
