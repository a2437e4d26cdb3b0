/** The verdict in one sentence, word for word as the command line tells it. */
import { enumerate, words } from '../base/text.ts';
import type { Report } from './report.ts';

/** "nk (substrate conductivity)": names with what they stand for, where that says more. */
function withMechanisms(report: Report, parameters: readonly string[]): string[] {
  return parameters.map((name) => {
    const known = report.attribution.find(
      (part) => part.parameter === name && part.mechanism !== name,
    );
    return known === undefined ? name : `${name} (${words(known.mechanism)})`;
  });
}

export function verdictSentence(report: Report): string {
  const { verdict } = report;
  switch (verdict.kind) {
    case 'IDENTIFIED':
      return `The gap comes from ${enumerate(withMechanisms(report, verdict.parameters))}.`;
    case 'AMBIGUOUS':
      return `The gap comes from among ${enumerate(withMechanisms(report, verdict.group))}; this recording cannot tell which.`;
    case 'SENSOR_FAULT':
      return `The readings of ${enumerate(verdict.channels)} are at fault, not the model.`;
    case 'UNMODELLED': {
      const where =
        verdict.where !== null
          ? ` It shows most in ${verdict.where}.`
          : verdict.channels.length > 0
            ? ` It shows in ${enumerate(verdict.channels)}.`
            : '';
      return `No values of the twin's parameters close the gap: the rig does something that the twin does not model.${where}`;
    }
    case 'NO_GAP':
      return 'Rig and twin agree within the noise.';
    default:
      return 'No verdict: the recording does not carry enough evidence for one.';
  }
}
