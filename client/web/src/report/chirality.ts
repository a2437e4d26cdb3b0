/** Shares of species (n,m) of held-out runs, and where their cells stand. */
import { percent } from '../base/text.ts';
import type { HeldOutShare, Report } from './report.ts';

export interface SpeciesShare {
  n: number;
  m: number;
  /** Null: not measured. */
  measured: number | null;
  assumed: number;
  calibrated: number;
}

export type Column = 'measured' | 'assumed' | 'calibrated';

export interface ChiralityMap {
  run: string;
  species: SpeciesShare[];
}

/** One map for each held-out run that has shares; the one that calibration moves most comes first. */
export function chiralityMaps(report: Report): ChiralityMap[] {
  return report.counterfactuals
    .map(({ run, shares }) => ({ run, species: shares.flatMap(speciesOf) }))
    .filter(({ species }) => species.length > 0)
    .sort((a, b) => moved(b) - moved(a));
}

/** Tubes wider than 10 nm are not single-walled ones, and would make cells of no size. */
function speciesOf(share: HeldOutShare): SpeciesShare[] {
  const [n, m] = share.species;
  if (m < 0 || n < m || n <= 0 || n >= 100) return [];
  if (share.as_assumed === null || share.as_calibrated === null) return [];
  const { measured, as_assumed: assumed, as_calibrated: calibrated } = share;
  return [{ n, m, measured, assumed, calibrated }];
}

function moved({ species }: ChiralityMap): number {
  return species.reduce((sum, one) => sum + Math.abs(one.calibrated - one.assumed), 0);
}

/** How many held-out runs are predicted right; empty where that was not counted. */
export function calls(report: Report): string {
  const { chirality, chirality_success_before: before, chirality_success_after: after } =
    report.validation;
  if (chirality.length === 0 || before === null) return '';
  const calibrated = after === null ? '' : `, in ${percent(after)} calibrated`;
  return `Of ${chirality.length} held-out runs the dominant species is predicted right in ${percent(before)} as assumed${calibrated}.`;
}

export interface Point {
  x: number;
  y: number;
}

/** Centre of a cell in units of the distance between neighbours; (n,0) in a row. */
export function cellCentre(n: number, m: number): Point {
  return { x: n + 0.5 * m, y: (Math.sqrt(3) / 2) * m };
}

/** Corners of a cell whose neighbours are `size` away, around its centre, from the top clockwise. */
export function hexagon(size: number): Point[] {
  const h = size / Math.sqrt(3);
  const w = 0.5 * size;
  return [
    { x: 0, y: -h },
    { x: w, y: -0.5 * h },
    { x: w, y: 0.5 * h },
    { x: 0, y: h },
    { x: -w, y: 0.5 * h },
    { x: -w, y: -0.5 * h },
  ];
}

export interface Extent {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** What all cells take up, in units of the distance between neighbours. */
export function extentOf(species: readonly { n: number; m: number }[]): Extent {
  const above = 1 / Math.sqrt(3);
  const extent = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { n, m } of species) {
    const { x, y } = cellCentre(n, m);
    extent.left = Math.min(extent.left, x - 0.5);
    extent.right = Math.max(extent.right, x + 0.5);
    extent.top = Math.min(extent.top, y - above);
    extent.bottom = Math.max(extent.bottom, y + above);
  }
  return extent;
}

/** The species with the greatest share; null where none was measured. */
export function dominant(species: readonly SpeciesShare[], column: Column): SpeciesShare | null {
  let best: SpeciesShare | null = null;
  for (const one of species) {
    const share = one[column];
    if (share !== null && (best === null || share > (best[column] ?? -Infinity))) best = one;
  }
  return best;
}

/** Greatest share of any column, for one scale of shades. */
export function largestShare(species: readonly SpeciesShare[]): number {
  return Math.max(
    1e-9,
    ...species.flatMap(({ measured, assumed, calibrated }) => [measured ?? 0, assumed, calibrated]),
  );
}
