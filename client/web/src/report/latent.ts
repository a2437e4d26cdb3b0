/** Runs in the latent space, stretched so that both a right twin's cloud and a far run can be seen. */
import type { LatentMap } from './report.ts';

export interface MappedRun {
  run: string;
  /** In sds of what a right twin is allowed; one axis alone: the second is 0. */
  assumed: [number, number];
  fitted: [number, number] | null;
}

/** Where 95 % of a right twin's runs lie: the root of chi-squared with as many degrees of freedom as axes. */
export const reach95 = (axes: number): number => (axes === 1 ? 1.96 : 2.4477);

/** Linear near nothing, logarithmic far away. */
export const stretch = (sd: number): number => Math.asinh(sd);

const TICKS = [0, 1, 3, 10, 30, 100, 300, 1000];

/** Ticks [sd] up to the first that is not below `most`, on both sides. */
export function latentTicks(most: number): number[] {
  const far = TICKS.findIndex((tick) => tick >= most);
  const positive = TICKS.slice(1, far < 0 ? TICKS.length : far + 1);
  return [...positive.map((tick) => -tick).reverse(), 0, ...positive];
}

const pair = (point: (number | null)[]): [number, number] | null => {
  const [x, y = 0] = point;
  return x === undefined || x === null || y === null ? null : [x, y];
};

/** Runs that have a place. */
export function mappedRuns(map: LatentMap): MappedRun[] {
  return map.runs.flatMap((run, i) => {
    const assumed = pair(map.as_assumed[i] ?? []);
    return assumed === null ? [] : [{ run, assumed, fitted: pair(map.at_fit?.[i] ?? []) }];
  });
}

/** Outline of the place where 95 % of a right twin's runs lie: points of a circle [sd], not stretched yet. */
export function outline(axes: number): [number, number][] {
  const reach = reach95(axes);
  return Array.from({ length: 73 }, (_, k) => {
    const angle = (k * Math.PI) / 36;
    return [reach * Math.cos(angle), reach * Math.sin(angle)];
  });
}
