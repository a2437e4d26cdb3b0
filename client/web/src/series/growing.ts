/** A line that grows by one point after another, and is thinned out so that it stays small. */
import { gridCorners, lowerBound, type Line } from './decimate.ts';

export class GrowingLine {
  readonly #x: number[] = [];
  readonly #y: number[] = [];
  /** How many samples each point stands for. */
  readonly #count: number[] = [];

  get length(): number {
    return this.#x.length;
  }

  /** Time of the first and of the last point; NaN where there is none. */
  get first(): number {
    return this.#x[0] ?? NaN;
  }

  get last(): number {
    return this.#x[this.#x.length - 1] ?? NaN;
  }

  /** Samples that went into it and are not before what was dropped. */
  get samples(): number {
    return this.#count.reduce((sum, count) => sum + count, 0);
  }

  /** A point, in place of the one at that time; NaN takes that one away. Usually the newest. */
  put(x: number, y: number, count = 1): void {
    const at = x > this.last || this.length === 0 ? this.length : lowerBound(this.#x, x);
    const known = this.#x[at] === x;
    if (Number.isNaN(y)) {
      if (known) this.#splice(at, 1);
    } else if (known) {
      this.#y[at] = y;
    } else {
      this.#x.splice(at, 0, x);
      this.#y.splice(at, 0, y);
      this.#count.splice(at, 0, count);
    }
  }

  /** Points before `until` as first, least, greatest and last of each step of a grid that begins at 0. */
  thin(until: number, width: number): void {
    const end = this.before(until);
    const kept = gridCorners(this.#x, this.#y, end, width);
    kept.forEach((at, i) => {
      const next = kept[i + 1] ?? end;
      let count = 0;
      for (let k = at; k < next; k += 1) count += this.#count[k] as number;
      this.#x[i] = this.#x[at] as number;
      this.#y[i] = this.#y[at] as number;
      this.#count[i] = count;
    });
    this.#splice(kept.length, end - kept.length);
  }

  /** How many points are before a time. */
  before(x: number): number {
    return lowerBound(this.#x, x);
  }

  dropBefore(x: number): void {
    this.#splice(0, this.before(x));
  }

  line(): Line {
    return { x: Float64Array.from(this.#x), y: Float64Array.from(this.#y) };
  }

  #splice(at: number, count: number): void {
    for (const column of [this.#x, this.#y, this.#count]) column.splice(at, count);
  }
}
