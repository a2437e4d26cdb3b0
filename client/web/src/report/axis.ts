/** A linear axis of a figure. */
import { figure } from '../base/text.ts';

export interface Axis {
  low: number;
  high: number;
  /** In pixels; `end` may lie before `begin`. */
  begin: number;
  end: number;
}

export function at({ low, high, begin, end }: Axis, value: number): number {
  return begin + ((value - low) / (high - low)) * (end - begin);
}

/** About `wanted` round values from low to high: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [];
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k += 1) {
    found.push(Number((k * step).toPrecision(12)));
  }
  return found;
}

export function tickText(value: number): string {
  return figure(value, 4);
}

/** A text that fits into `room` pixels at `size`, cut with an ellipsis; widths are estimated. */
export function shorten(text: string, room: number, size = 12.5): string {
  const most = Math.max(1, Math.floor(room / (0.56 * size)));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
