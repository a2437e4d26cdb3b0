/** Root-mean-square residuals before and after; the same as in the report's figure. */
import type { Report } from './report.ts';

export interface ChannelResidual {
  channel: string;
  unit: string;
  before: number;
  /** Null where nothing was calibrated. */
  after: number | null;
  /** Part of the samples inside the calibrated 90 % band; null: not known. */
  coverage90: number | null;
}

export interface Residuals {
  /** Of runs never fitted, or of those calibrated on where none was kept apart. */
  heldOut: boolean;
  channels: ChannelResidual[];
}

/** Longer bars are cut; their figures stand beside them. */
const MOST_PARTS = 2;

/** Null where no channel could be compared. */
export function residuals(report: Report): Residuals | null {
  const heldOut = report.validation.rmse.flatMap(({ channel, unit, before, after, coverage_90 }) =>
    before === null ? [] : [{ channel, unit, before, after, coverage90: coverage_90 }],
  );
  if (heldOut.length > 0) return { heldOut: true, channels: heldOut };
  const fitted = report.gap.channels.flatMap(({ channel, unit, rmse, rmse_after }) =>
    rmse === null ? [] : [{ channel, unit, before: rmse, after: rmse_after, coverage90: null }],
  );
  return fitted.length > 0 ? { heldOut: false, channels: fitted } : null;
}

/** Length of a bar in parts of the residual as assumed; a residual of nothing has no parts. */
export function part(channel: ChannelResidual, rmse: number): number {
  return channel.before > 0 ? Math.min(rmse / channel.before, MOST_PARTS) : 0;
}
