/** What a verdict leaves open, and what a report says would settle it. */
import { enumerate, words } from '../base/text.ts';
import type { Report } from './report.ts';

/** A cause that a verdict leaves open. */
export interface Rival {
  name: string;
  /** "substrate conductivity"; empty where the name says it all. */
  meaning: string;
  /** Of its belonging to the cause, as the report has it; null where it has none. */
  probability: number | null;
}

export interface NextStep {
  /** False: the verdict stands, and no measurement is asked for. */
  open: boolean;
  /** Most probable first; empty unless `open`. */
  rivals: Rival[];
  /** What to measure; null where none is asked for, or none is known. */
  measure: string | null;
  /** What that would change, or why nothing need be measured. */
  change: string;
  /** What the report does not rule out beside a verdict that stands, in its own words. */
  beside: string[];
}

/** The cause is not ruled out from this probability on: `kStillOpen` of core/pipeline/ruled_out.cc. */
const STILL_OPEN = 0.05;
const NOT_RULED_OUT = 'Not ruled out beside it:';

function rival(report: Report, name: string): Rival {
  const weighed = report.hypotheses.find((one) => one.name === name);
  const part = report.attribution.find(({ parameter }) => parameter === name);
  return {
    name,
    meaning: part === undefined || part.mechanism === name ? '' : words(part.mechanism),
    probability: weighed?.pip ?? part?.pip ?? null,
  };
}

function rivals(report: Report): Rival[] {
  const { kind, group } = report.verdict;
  if (kind === 'AMBIGUOUS') return sorted(group.map((name) => rival(report, name)));
  if (kind !== 'ABSTAINED') return [];
  const weighed = report.hypotheses.length > 0 ? report.hypotheses : report.attribution.map(
    ({ parameter, pip }) => ({ name: parameter, pip }),
  );
  const names = weighed.filter(({ pip }) => (pip ?? 0) >= STILL_OPEN).map(({ name }) => name);
  return sorted(names.map((name) => rival(report, name)));
}

function sorted(all: Rival[]): Rival[] {
  return all.sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
}

function changeOf(report: Report): string {
  const { verdict, measure_next: measure } = report;
  switch (verdict.kind) {
    case 'AMBIGUOUS':
      return measure === null
        ? `No experiment is known that tells ${enumerate(verdict.group)} apart.`
        : `${enumerate(verdict.group)} pass for one another in the runs so far and answer this differently: ` +
            'with such a run the verdict can name one of them, or leave fewer.';
    case 'ABSTAINED':
      return measure === null
        ? 'The twin names no experiment that would settle it. More runs, or runs that drive the rig further, carry more evidence.'
        : 'The causes that remain answer this differently: with such a run there can be evidence enough for a verdict.';
    case 'IDENTIFIED':
      return 'The verdict names its cause; no measurement is needed to tell it from another.';
    case 'SENSOR_FAULT':
      return `The verdict accuses ${enumerate(verdict.channels)}; no experiment is needed to tell it from a wrong assumption.`;
    case 'UNMODELLED':
      return 'No values of the twin close the gap, so that no measurement of its parameters would change that.';
    case 'NO_GAP':
      return 'Rig and twin agree; there is nothing to tell apart.';
    default:
      return 'This page does not know the verdict, and so not what would change it.';
  }
}

export function nextStep(report: Report): NextStep {
  const open = ['AMBIGUOUS', 'ABSTAINED'].includes(report.verdict.kind);
  return {
    open,
    rivals: rivals(report),
    measure: report.measure_next,
    change: changeOf(report),
    beside: report.explanation.filter((sentence) => sentence.startsWith(NOT_RULED_OUT)),
  };
}
