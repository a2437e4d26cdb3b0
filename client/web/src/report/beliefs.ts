/** What was believed of each parameter before and after; the same as in the report's figure. */
import type { Report } from './report.ts';

export interface Belief {
  parameter: string;
  /** Empty where it holds for all runs. */
  run: string;
  unit: string;
  assumed: number;
  value: number;
  /** 90 % intervals; null where there is none. */
  prior: [number, number] | null;
  posterior: [number, number] | null;
}

export interface Beliefs {
  /** False: a best fit, which this verdict does not offer as a calibration. */
  offered: boolean;
  shown: Belief[];
  /** Values of single runs that are not shown. */
  leftOut: number;
}

/** Half of a normal distribution's central 90 %, in standard deviations. */
const CENTRAL_90 = 1.6448536269514722;
const MOST_BELIEFS = 14;

function interval(low: number | null, high: number | null): [number, number] | null {
  return low === null || high === null ? null : [low, high];
}

/** Values that hold for all runs first; null where nothing was calibrated. */
export function beliefs(report: Report): Beliefs | null {
  const all = report.calibrated.flatMap((one): Belief[] => {
    const { assumed, value } = one;
    if (assumed === null || value === null) return [];
    const run = one.run ?? '';
    const sampled = report.posterior?.parameters.find((p) => p.parameter === one.parameter);
    const normal: [number, number] | null =
      one.sd === null ? null : [value - CENTRAL_90 * one.sd, value + CENTRAL_90 * one.sd];
    return [
      {
        parameter: one.parameter,
        run,
        unit: one.unit,
        assumed,
        value,
        prior: interval(one.prior_low_90, one.prior_high_90),
        posterior:
          run === '' && sampled !== undefined ? interval(sampled.low_90, sampled.high_90) : normal,
      },
    ];
  });
  if (all.length === 0) return null;
  const common = all.filter(({ run }) => run === '');
  const single = all.filter(({ run }) => run !== '');
  const shown = [...common, ...single.slice(0, Math.max(0, MOST_BELIEFS - common.length))];
  return {
    offered: ['IDENTIFIED', 'AMBIGUOUS'].includes(report.verdict.kind),
    shown,
    leftOut: all.length - shown.length,
  };
}

/** A little wider than everything known of a parameter. */
export function beliefRange(belief: Belief): [number, number] {
  const figures = [belief.assumed, belief.value, ...(belief.prior ?? []), ...(belief.posterior ?? [])];
  const low = Math.min(...figures);
  const high = Math.max(...figures);
  const margin = high > low ? 0.04 * (high - low) : Math.max(1e-9, 0.1 * Math.abs(low));
  return [low - margin, high + margin];
}
