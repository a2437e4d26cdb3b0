/**
 * Measured radial-breathing lines beside predicted ones, matched as the analysis matches them
 * (core/pipeline/raman_lines.h): a spectrum's unit is arbitrary and weak lines go unlisted, so that
 * intensities are shares of what the listed lines hold together.
 */
import { diameterNm, rbmShift } from './optics.ts';

export interface MeasuredLine {
  shiftPerCm: number;
  intensity: number;
  sd: number;
}

export interface RamanRow {
  shiftPerCm: number;
  share: number;
  sd: number;
  /** Species that shine in this line: "6,5". */
  species: string[];
  /** Shares by predicted spectrum, in the order given; null where nothing is predicted. */
  predicted: (number | null)[];
}

const RESOLUTION_PER_CM = 3;
const WIDTH_PER_CM = 4;
const LEAST_LINE = 0.03;

interface Line {
  shift: number;
  intensity: number;
  variance: number;
  outcomes: string[];
}

/** Measured lines closer than the resolution are one. */
function resolve(measured: readonly MeasuredLine[]): Line[] {
  const lines: Line[] = [];
  for (const one of [...measured].sort((a, b) => a.shiftPerCm - b.shiftPerCm)) {
    if (!(one.intensity > 0)) continue;
    const last = lines[lines.length - 1];
    if (last === undefined || one.shiftPerCm - last.shift >= RESOLUTION_PER_CM) {
      const { shiftPerCm: shift, intensity, sd } = one;
      lines.push({ shift, intensity, variance: sd * sd, outcomes: [] });
      continue;
    }
    const sum = last.intensity + one.intensity;
    last.shift = (last.shift * last.intensity + one.shiftPerCm * one.intensity) / sum;
    last.intensity = sum;
    last.variance += one.sd * one.sd;
  }
  return lines;
}

/** Species of an outcome "rbm_6_5"; null for other outcomes. */
export function rbmSpecies(outcome: string): [number, number] | null {
  const match = /^rbm_(\d+)_(\d+)$/.exec(outcome);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function assign(outcomes: readonly string[], lines: Line[]): void {
  for (const outcome of outcomes) {
    const species = rbmSpecies(outcome);
    if (species === null) continue;
    const shift = rbmShift(diameterNm(...species));
    const far = (line: Line) => Math.abs(line.shift - shift);
    const nearest = lines.reduce<Line | null>(
      (best, line) => (best === null || far(line) < far(best) ? line : best),
      null,
    );
    if (nearest !== null && far(nearest) <= WIDTH_PER_CM) nearest.outcomes.push(outcome);
  }
}

function total(lines: readonly Line[]): number {
  return lines.reduce((sum, { intensity }) => sum + intensity, 0);
}

/**
 * Rows for the lines in which the twin predicts anything; empty with fewer than two.
 * @param spectra  predicted outcomes by name, one set a prediction
 */
export function matchLines(
  measured: readonly MeasuredLine[],
  spectra: readonly Record<string, number>[],
): RamanRow[] {
  let lines = resolve(measured);
  const outcomes = [...new Set(spectra.flatMap((spectrum) => Object.keys(spectrum)))];
  assign(outcomes, lines);
  lines = lines.filter((line) => line.outcomes.length > 0);
  const least = LEAST_LINE * total(lines);
  lines = lines.filter(({ intensity }) => intensity >= least);
  if (lines.length < 2) return [];
  const sum = total(lines);
  const variance = lines.reduce((all, line) => all + line.variance, 0);
  const held = (spectrum: Record<string, number>, names: readonly string[]) =>
    names.reduce((all, name) => all + (spectrum[name] ?? 0), 0);
  const among = lines.flatMap((line) => line.outcomes);
  return lines.map((line) => {
    // Of a / (a + b), with independent errors of a and b.
    const share = line.intensity / sum;
    const others = variance - line.variance;
    return {
      shiftPerCm: line.shift,
      share,
      sd: Math.sqrt((1 - share) ** 2 * line.variance + share ** 2 * others) / sum,
      species: line.outcomes.map((name) => rbmSpecies(name)?.join(',') ?? name),
      predicted: spectra.map((spectrum) => {
        const all = held(spectrum, among);
        return all > 0 ? held(spectrum, line.outcomes) / all : null;
      }),
    };
  });
}
