/** Long series as few points that look the same. Extremes are never lost. */

/** x ascending in seconds; y NaN is a gap, which a line does not cross. */
export interface Line {
  x: Float64Array;
  y: Float64Array;
}

/** A bucket of a decimated series, as columns; only buckets that hold samples. */
export interface Buckets {
  start: Float64Array;
  first: Float64Array;
  minimum: Float64Array;
  maximum: Float64Array;
  last: Float64Array;
  count: Float64Array;
}

/**
 * First and last position with from <= x < to, widened by one on each side, so that a line leaves
 * the picture where it should. x ascending.
 */
export function visible(x: Float64Array, from: number, to: number): [number, number] {
  const begin = lowerBound(x, from);
  const end = lowerBound(x, to);
  return [Math.max(0, begin - 1), Math.min(x.length, end + 1)];
}

/** First position whose x is not below `value`. */
export function lowerBound(x: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((x[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Positions in [begin, end) that keep the picture in `buckets` columns of equal time: the first,
 * least, greatest and last of each. All positions where they are no more than that.
 */
export function extremes(
  x: Float64Array,
  y: Float64Array,
  begin: number,
  end: number,
  buckets: number,
): Uint32Array {
  if (end - begin <= 4 * buckets) {
    return Uint32Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
  }
  const from = x[begin] as number;
  const width = ((x[end - 1] as number) - from) / buckets;
  const kept: number[] = [];
  let at = begin;
  for (let bucket = 0; bucket < buckets && at < end; bucket += 1) {
    const limit = bucket === buckets - 1 ? Infinity : from + (bucket + 1) * width;
    const first = at;
    while (at < end && (x[at] as number) < limit) at += 1;
    if (at > first) keepCorners(y, first, at, kept);
  }
  return Uint32Array.from(kept);
}

/** Appends the first, least, greatest and last position of [begin, end), each once, in order. */
function keepCorners(y: ArrayLike<number>, begin: number, end: number, kept: number[]): void {
  let low = begin;
  let high = begin;
  for (let i = begin; i < end; i += 1) {
    if ((y[i] as number) < (y[low] as number)) low = i;
    if ((y[i] as number) > (y[high] as number)) high = i;
  }
  for (const i of [begin, Math.min(low, high), Math.max(low, high), end - 1]) {
    if (kept.length === 0 || i > (kept[kept.length - 1] as number)) kept.push(i);
  }
}

/**
 * Positions in [0, end) that keep the picture in columns of `width` on a grid that begins at 0: what is kept of
 * what was kept before is the same as of all points, also on a grid of twice the width.
 */
export function gridCorners(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  end: number,
  width: number,
): number[] {
  const kept: number[] = [];
  for (let begin = 0; begin < end; ) {
    const column = Math.floor((x[begin] as number) / width);
    let next = begin + 1;
    while (next < end && Math.floor((x[next] as number) / width) === column) next += 1;
    keepCorners(y, begin, next, kept);
    begin = next;
  }
  return kept;
}

/**
 * The line through the samples of buckets, as far as it is known: where in its bucket an extreme
 * lies is not, so that first, least, greatest and last stand at even steps within the bucket's
 * width. At the scale that the buckets were asked for, a bucket is as wide as a pixel.
 */
export function bucketLine(buckets: Buckets, width: number): Line {
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < buckets.start.length; i += 1) {
    const values = [buckets.first[i], buckets.minimum[i], buckets.maximum[i], buckets.last[i]];
    const many = (buckets.count[i] as number) > 1;
    for (let k = 0; k < (many ? 4 : 1); k += 1) {
      x.push((buckets.start[i] as number) + (width * k) / 4);
      y.push(values[k] as number);
    }
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y) };
}

/** A line is broken where the next point is this many usual steps away. */
const BREAK = 8;

/** The line with a gap where samples are missing: a step far longer than the usual one, and than `least`. */
export function breakGaps(line: Line, least = 0): Line {
  const n = line.x.length;
  if (n < 3) return line;
  const limit = Math.max(BREAK * medianStep(line.x), least);
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < n; i += 1) {
    const here = line.x[i] as number;
    if (i > 0 && here - (line.x[i - 1] as number) > limit) {
      x.push(0.5 * (here + (line.x[i - 1] as number)));
      y.push(NaN);
    }
    x.push(here);
    y.push(line.y[i] as number);
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y) };
}

/** Median of the steps that are not 0; infinite where there are none. */
export function medianStep(x: Float64Array): number {
  const steps: number[] = [];
  for (let i = 1; i < x.length; i += 1) {
    const step = (x[i] as number) - (x[i - 1] as number);
    if (step > 0) steps.push(step);
  }
  if (steps.length === 0) return Infinity;
  return Float64Array.from(steps).sort()[steps.length >> 1] as number;
}

/** Filtered values where samples are good; elsewhere the filter only carries on what it last knew. */
export function goodOnly(samples: {
  time: Float64Array;
  value: Float64Array;
  quality: Uint8Array;
}): Line {
  const kept = [...samples.quality.keys()].filter((i) => (samples.quality[i] as number) >> 4 === 0);
  return {
    x: Float64Array.from(kept, (i) => samples.time[i] as number),
    y: Float64Array.from(kept, (i) => samples.value[i] as number),
  };
}

/** Greatest step; NaN with fewer than two points. */
export function largestStep(x: Float64Array): number {
  let largest = NaN;
  for (let i = 1; i < x.length; i += 1) {
    const step = (x[i] as number) - (x[i - 1] as number);
    if (!(step <= largest)) largest = step;
  }
  return largest;
}

/** What marks a time in the picture. */
export interface Marks {
  x: Float64Array;
  /** 1 uncertain, 2 bad. */
  level: Uint8Array;
}

/** Times of samples that are not good, at most one a bucket, the worse one kept. */
export function qualityMarks(
  x: Float64Array,
  quality: Uint8Array,
  begin: number,
  end: number,
  buckets: number,
): Marks {
  const times: number[] = [];
  const levels: number[] = [];
  const from = x[begin] ?? 0;
  const span = (x[end - 1] ?? 0) - from;
  let current = -1;
  for (let i = begin; i < end; i += 1) {
    const level = Math.min((quality[i] ?? 0) >> 4, 2);
    if (level === 0) continue;
    const time = x[i] as number;
    const bucket = span > 0 ? Math.floor(((time - from) / span) * buckets) : 0;
    if (bucket !== current) {
      times.push(time);
      levels.push(level);
      current = bucket;
    } else {
      levels[levels.length - 1] = Math.max(levels[levels.length - 1] as number, level);
    }
  }
  return { x: Float64Array.from(times), level: Uint8Array.from(levels) };
}
