/** From the gap as assumed to nothing, one bar a step; the same bars as in the report's figure. */
import { figure, PERCENT, percentNumber, plural, words } from '../base/text.ts';
import type { Report } from './report.ts';

export type BarKind = 'gap' | 'blamed' | 'weighed' | 'unexplained' | 'measurement';

/** Figures are parts of the gap as assumed, 1 = all of it. */
export interface Bar {
  kind: BarKind;
  name: string;
  /** Small print; may be empty. */
  detail: string;
  /** What it takes away; below 0 where it adds. */
  share: number;
  /** 90 % interval of the share; null where there is none. */
  low: number | null;
  high: number | null;
  /** Gap before this step; `begin - share` is left after it. */
  begin: number;
}

const LEAST_SHARE = 0.005;
const MOST_STEPS = 10;

/** What shares are parts of: a campaign's mean square, else the gap itself. */
function divided({ gap }: Report): { value: number | null; floor: number | null } {
  const square = gap.mean_square;
  if (square !== null && square.before !== null) return { value: square.before, floor: square.floor };
  return gap;
}

/**
 * The gap, what each assumption takes away (those that widen it first, then the largest first;
 * those below half a percent that nobody blames as one bar), what nothing explains, and what
 * measurement alone may leave: the gap under which 95 % of perfect twins stay, at most what is
 * left. Null where the report divides no gap.
 */
export function waterfall(report: Report): Bar[] | null {
  const left = report.unexplained;
  const { value: gap, floor } = divided(report);
  if (left === null || gap === null || !(gap > 0)) return null;
  const steps = joinSmall(stepsOf(report)).sort(
    (a, b) => Number(a.share >= 0) - Number(b.share >= 0) || Math.abs(b.share) - Math.abs(a.share),
  );
  const measurement = floor === null ? 0 : Math.min(Math.max(floor / gap, 0), Math.max(left, 0));
  const rest = [
    ...steps,
    step('unexplained', 'unexplained', 'by any assumption', left - measurement),
    step('measurement', 'measurement', "a perfect twin's gap", measurement),
  ];
  const bars = [{ ...step('gap', 'gap', 'everything as assumed', 1), begin: 1 }];
  let begin = 1;
  for (const bar of rest) {
    bars.push({ ...bar, begin });
    begin -= bar.share;
  }
  return bars;
}

function step(
  kind: BarKind,
  name: string,
  detail: string,
  share: number,
  low: number | null = null,
  high: number | null = null,
): Bar {
  return { kind, name, detail, share, low, high, begin: 0 };
}

function stepsOf(report: Report): Bar[] {
  const blamed = new Set([...report.verdict.parameters, ...report.verdict.group]);
  const steps = report.attribution.flatMap((part) => {
    if (part.shapley == null) return [];
    const kind = blamed.has(part.parameter) ? 'blamed' : 'weighed';
    const mechanism = words(part.mechanism);
    const detail = mechanism === part.parameter ? '' : mechanism;
    return [step(kind, part.parameter, detail, part.shapley, part.low, part.high)];
  });
  const group = report.attribution_group;
  if (group !== null && group.shapley !== null) {
    steps.push(
      step('blamed', group.name, 'cannot be told apart', group.shapley, group.low, group.high),
    );
  }
  return steps;
}

/** Blamed before weighed, then by size: what is kept when not all can be shown. */
function joinSmall(steps: Bar[]): Bar[] {
  const ranked = [...steps].sort(
    (a, b) =>
      Number(b.kind === 'blamed') - Number(a.kind === 'blamed') ||
      Math.abs(b.share) - Math.abs(a.share),
  );
  const small = ranked.findIndex(
    ({ kind, share }) => kind !== 'blamed' && Math.abs(share) < LEAST_SHARE,
  );
  const kept = Math.min(MOST_STEPS, small < 0 ? ranked.length : small);
  const joined = ranked.slice(kept).filter(({ share }) => share !== 0);
  if (joined.length === 0) return ranked.slice(0, kept);
  const detail =
    kept === MOST_STEPS ? 'each smaller than these' : `below ${100 * LEAST_SHARE} % each`;
  const others = step('weighed', plural(joined.length, 'other'), detail, 0);
  for (const { share } of joined) others.share += share;
  return [...ranked.slice(0, kept), others];
}

/** Two digits, so that a small share is not 0; what is nothing beside a percent is. */
export function barPercent(share: number): string {
  if (Math.abs(share) < 5e-5) return '0';
  return Math.abs(share) < 0.0995 ? figure(100 * share, 2) : percentNumber(share);
}

/** "99 % (98 to 100)". */
export function barText(bar: Bar): string {
  const text = `${barPercent(bar.share)}${PERCENT}`;
  if (bar.low === null || bar.high === null) return text;
  return `${text} (${barPercent(bar.low)} to ${barPercent(bar.high)})`;
}

/** Ends of an axis that holds every bar, and whiskers only as far as they can be read beside bars. */
export function waterfallRange(bars: readonly Bar[]): [number, number] {
  let low = 0;
  let high = 1;
  for (const bar of bars) {
    low = Math.min(low, bar.begin, bar.begin - bar.share);
    high = Math.max(high, bar.begin, bar.begin - bar.share);
  }
  const reach = 0.25 * (high - low);
  let [from, to] = [low, high];
  for (const bar of bars) {
    if (bar.low === null || bar.high === null) continue;
    from = Math.min(from, Math.max(bar.begin - bar.high, low - reach));
    to = Math.max(to, Math.min(bar.begin - bar.low, high + reach));
  }
  return [from, to];
}
