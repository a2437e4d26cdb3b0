/** Lines with times of their own brought onto one time axis, as the plot wants them. */
import { lowerBound, type Line } from './decimate.ts';

/** A number, null in a gap, undefined where the line merely has no point at that time. */
export type Cell = number | null | undefined;

export interface Aligned {
  x: Float64Array;
  /** Parallel to the lines given, each as long as x. */
  columns: Cell[][];
}

/** Every time of any line once, in order. */
export function align(lines: readonly Line[]): Aligned {
  const x = mergeTimes(lines.map((line) => line.x));
  return { x, columns: lines.map((line) => spread(line, x)) };
}

function mergeTimes(columns: readonly Float64Array[]): Float64Array {
  const total = columns.reduce((sum, column) => sum + column.length, 0);
  const all = new Float64Array(total);
  let filled = 0;
  for (const column of columns) {
    all.set(column, filled);
    filled += column.length;
  }
  all.sort();
  let kept = 0;
  for (let i = 0; i < total; i += 1) {
    if (i === 0 || all[i] !== all[i - 1]) {
      all[kept] = all[i] as number;
      kept += 1;
    }
  }
  return all.slice(0, kept);
}

/** Of points at one time the last one counts. */
function spread(line: Line, x: Float64Array): Cell[] {
  const column = new Array<Cell>(x.length).fill(undefined);
  let at = 0;
  for (let i = 0; i < line.x.length; i += 1) {
    while ((x[at] as number) < (line.x[i] as number)) at += 1;
    const y = line.y[i] as number;
    column[at] = Number.isNaN(y) ? null : y;
  }
  return column;
}

/** Linear interpolation; NaN outside of the line, in a gap, and where it has no two points. */
export function valueAt(line: Line, time: number): number {
  const next = lowerBound(line.x, time);
  if (next >= line.x.length) return NaN;
  const right = line.x[next] as number;
  if (right === time) return line.y[next] as number;
  if (next === 0) return NaN;
  const left = line.x[next - 1] as number;
  const part = (time - left) / (right - left);
  return (1 - part) * (line.y[next - 1] as number) + part * (line.y[next] as number);
}

/** The value of the point nearest in time, at most `reach` away; NaN where there is none. */
export function nearest(line: Line, time: number, reach: number): number {
  const next = lowerBound(line.x, time);
  let best = NaN;
  let distance = reach;
  for (const i of [next - 1, next]) {
    const x = line.x[i];
    if (x === undefined || Math.abs(x - time) > distance) continue;
    distance = Math.abs(x - time);
    best = line.y[i] as number;
  }
  return best;
}

/** measured - predicted at the times of `measured` that `predicted` covers. */
export function residual(measured: Line, predicted: Line): Line {
  const x: number[] = [];
  const y: number[] = [];
  for (let i = 0; i < measured.x.length; i += 1) {
    const time = measured.x[i] as number;
    const at = valueAt(predicted, time);
    if (Number.isNaN(at) && !Number.isNaN(measured.y[i] as number)) continue;
    x.push(time);
    y.push((measured.y[i] as number) - at);
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y) };
}
