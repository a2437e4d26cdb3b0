/** Enumerations of the wire as words on the page. */
import { JobKind, Recalibration } from '../gen/parallax/v1/automation_pb.ts';
import {
  JobState,
  ParameterSetState,
  RunSplit,
  RunState,
  type Job,
  type Run,
} from '../gen/parallax/v1/resources_pb.ts';
import { ModelState } from '../gen/parallax/v1/model_pb.ts';
import { DetectionKind } from '../gen/parallax/v1/watch_pb.ts';
import { percent } from '../base/text.ts';

export type Tone = 'plain' | 'good' | 'warn' | 'busy';

/** Name of a value as the command line prints it: "CALIBRATE". */
export const runStateName = ({ state, retirement }: Run): string =>
  retirement === undefined ? (RunState[state] ?? String(state)) : 'RETIRED';
export const splitName = (split: RunSplit): string => RunSplit[split] ?? String(split);
export const setStateName = (state: ParameterSetState): string =>
  ParameterSetState[state] ?? String(state);

export function setTone(state: ParameterSetState): Tone {
  if (state === ParameterSetState.CURRENT) return 'good';
  return state === ParameterSetState.REJECTED ? 'warn' : 'plain';
}

export const modelStateName = (state: ModelState): string => ModelState[state] ?? String(state);

export function modelTone(state: ModelState): Tone {
  if (state === ModelState.CURRENT) return 'good';
  return state === ModelState.REFUSED ? 'warn' : 'plain';
}

export function verdictTone(verdict: string): Tone {
  if (verdict === 'NO_GAP') return 'good';
  return verdict === 'SENSOR_FAULT' || verdict === 'UNMODELLED' ? 'warn' : 'plain';
}

/** "analysis: calibrate, 40 %"; "recalibration: waiting for its turn". */
export function jobText(job: Job): string {
  const kind = (JobKind[job.kind] ?? 'job').toLowerCase();
  if (job.state === JobState.QUEUED) return `${kind}: waiting for its turn`;
  return `${kind}: ${job.phase === '' ? 'starting' : job.phase}, ${percent(job.progress)}`;
}

/** What a rig does by itself when a run closes. */
export function recalibrationText(mode: Recalibration): string {
  if (mode === Recalibration.PROMOTE) return 'when a run closes; what passes validation is put to use';
  if (mode === Recalibration.HOLD) return 'when a run closes; people promote what passes validation';
  return 'off';
}

/** "CHANGE", "GAP", "STUCK" … */
export const detectionName = (kind: DetectionKind): string => DetectionKind[kind] ?? String(kind);
