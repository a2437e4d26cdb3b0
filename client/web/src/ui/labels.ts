/** Enumerations of the wire as words on the page. */
import {
  JobState,
  ParameterSetState,
  RunSplit,
  RunState,
  type Job,
} from '../gen/parallax/v1/resources_pb.ts';
import { percent } from '../base/text.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'busy';

/** Name of a value as the command line prints it: "CALIBRATE". */
export const runStateName = (state: RunState): string => RunState[state] ?? String(state);
export const splitName = (split: RunSplit): string => RunSplit[split] ?? String(split);
export const setStateName = (state: ParameterSetState): string =>
  ParameterSetState[state] ?? String(state);

export function setTone(state: ParameterSetState): Tone {
  if (state === ParameterSetState.CURRENT) return 'good';
  return state === ParameterSetState.REJECTED ? 'warn' : 'plain';
}

export function verdictTone(verdict: string): Tone {
  if (verdict === 'NO_GAP') return 'good';
  return verdict === 'SENSOR_FAULT' || verdict === 'UNMODELLED' ? 'warn' : 'plain';
}

/** "calibrate, 40 %"; "waiting". */
export function jobText(job: Job): string {
  if (job.state === JobState.QUEUED) return 'waiting for its turn';
  return `${job.phase === '' ? 'starting' : job.phase}, ${percent(job.progress)}`;
}
