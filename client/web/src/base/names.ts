/** Resource names: "rigs/7/runs/42". Ids hold [A-Za-z0-9_.-] only. */

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

export const rigName = (rig: string): string => `rigs/${rig}`;
export const runName = (rig: string, run: string): string => `rigs/${rig}/runs/${run}`;
export const reportName = (rig: string, report: string): string => `rigs/${rig}/reports/${report}`;
export const twinName = (twin: string): string => `twins/${twin}`;
export const setName = (rig: string, revision: string): string =>
  `rigs/${rig}/parameterSets/${revision}`;
export const modelName = (rig: string, revision: string): string =>
  `${rigName(rig)}/models/${revision}`;
