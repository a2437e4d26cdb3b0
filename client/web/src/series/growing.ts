/** A line that grows by one point after another, and is thinned out so that it stays small. */
import { gridCorners, lowerBound, type Line } from './decimate.ts';

const FIRST_ROOM = 256;

export class GrowingLine {
  // The first #length of each; room is kept, so that memory does not go up and down.
  #x = new Float64Array(FIRST_ROOM);
  #y = new Float64Array(FIRST_ROOM);
  /** How many samples each point stands for. */
  #count = new Float64Array(FIRST_ROOM);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Time of the first and of the last point; NaN where there is none. */
  get first(): number {
    return this.#length > 0 ? (this.#x[0] as number) : NaN;
  }

  get last(): number {
    return this.#length > 0 ? (this.#x[this.#length - 1] as number) : NaN;
  }

  /** Samples that went into it and are not before what was dropped. */
  get samples(): number {
    return this.#count.subarray(0, this.#length).reduce((sum, count) => sum + count, 0);
  }

  /** How many points are before a time. */
  before(x: number): number {
    return lowerBound(this.#x.subarray(0, this.#length), x);
  }

  /** A point, in place of the one at that time; NaN takes that one away. Usually the newest. */
  put(x: number, y: number, count = 1): void {
    const at = x > this.last ? this.#length : this.before(x);
    const known = at < this.#length && this.#x[at] === x;
    if (Number.isNaN(y)) {
      if (known) this.#remove(at, 1);
      return;
    }
    if (!known) this.#open(at, x, count);
    this.#y[at] = y;
  }

  /** Points before `until` as first, least, greatest and last of each step of a grid that begins at 0. */
  thin(until: number, width: number): void {
    const end = this.before(until);
    const kept = gridCorners(this.#x, this.#y, end, width);
    kept.forEach((at, i) => {
      const next = kept[i + 1] ?? end;
      this.#count[i] = this.#count.subarray(at, next).reduce((sum, count) => sum + count, 0);
      this.#x[i] = this.#x[at] as number;
      this.#y[i] = this.#y[at] as number;
    });
    this.#remove(kept.length, end - kept.length);
  }

  dropBefore(x: number): void {
    this.#remove(0, this.before(x));
  }

  line(): Line {
    return { x: this.#x.slice(0, this.#length), y: this.#y.slice(0, this.#length) };
  }

  /** Makes place for a point before `at`. */
  #open(at: number, x: number, count: number): void {
    if (this.#length === this.#x.length) {
      const grown = (column: Float64Array) => {
        const roomy = new Float64Array(2 * column.length);
        roomy.set(column);
        return roomy;
      };
      [this.#x, this.#y, this.#count] = [grown(this.#x), grown(this.#y), grown(this.#count)];
    }
    for (const column of [this.#x, this.#y, this.#count]) column.copyWithin(at + 1, at, this.#length);
    this.#x[at] = x;
    this.#count[at] = count;
    this.#length += 1;
  }

  #remove(at: number, count: number): void {
    if (count === 0) return;
    for (const column of [this.#x, this.#y, this.#count]) column.copyWithin(at, at + count, this.#length);
    this.#length -= count;
  }
}
