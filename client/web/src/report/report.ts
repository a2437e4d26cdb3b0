/** The report's canonical JSON (schema parallax-report/1) as far as this page reads it. */

export interface Attribution {
  parameter: string;
  mechanism: string;
  shapley: number | null;
  low: number | null;
  high: number | null;
  pip: number | null;
  loss_without_nats: number | null;
  detectable_sd: number | null;
  replay_removed: number | null;
  upstream_share: number | null;
}

/** A cause that was weighed. */
export interface Hypothesis {
  name: string;
  kind: 'PARAMETER' | 'SENSOR' | 'MISSING';
  pip: number | null;
}

export interface GroupShare {
  name: string;
  parameters: string[];
  shapley: number | null;
  low: number | null;
  high: number | null;
  pip: number | null;
}

export interface Finding {
  run: string;
  channel: string;
  reason: string;
  samples: number;
  begin_s: number | null;
  end_s: number | null;
  magnitude: number | null;
  fault: boolean;
  text: string;
}

export interface Check {
  name: string;
  figure: number | null;
  bound: string;
  passed: boolean;
}

export interface Calibrated {
  parameter: string;
  run: string | null;
  assumed: number | null;
  value: number | null;
  sd: number | null;
  prior_low_90: number | null;
  prior_high_90: number | null;
  unit: string;
}

export interface SampledPosterior {
  parameter: string;
  low_90: number | null;
  high_90: number | null;
}

export interface ChannelRmse {
  channel: string;
  unit: string;
  before: number | null;
  after: number | null;
  coverage_50: number | null;
  coverage_90: number | null;
}

export interface HeldOutShare {
  species: [number, number];
  measured: number | null;
  as_assumed: number | null;
  as_calibrated: number | null;
}

export interface Counterfactual {
  run: string;
  measured: string;
  as_assumed: string;
  as_calibrated: string;
  sentence: string;
  shares: HeldOutShare[];
}

/** Runs on the components that parameters move most, in sds of what a right twin is allowed. */
export interface LatentMap {
  moved_by: string[];
  runs: string[];
  as_assumed: (number | null)[][];
  at_fit: (number | null)[][] | null;
}

export interface Report {
  schema: string;
  rig: string;
  twin: string;
  runs: { calibrate: string[]; validate: string[] };
  verdict: {
    kind: string;
    parameters: string[];
    group: string[];
    channels: string[];
    where: string | null;
    confidence: number | null;
    because: string;
  };
  gates: Check[];
  sensors: Finding[];
  gap: {
    value: number | null;
    after: number | null;
    floor: number | null;
    p_value: number | null;
    /** Of a campaign: what its shares are parts of. */
    mean_square: { before: number | null; after: number | null; floor: number | null } | null;
    channels: { channel: string; unit: string; rmse: number | null; rmse_after: number | null }[];
  };
  divergences: { map?: LatentMap | null } | null;
  attribution: Attribution[];
  attribution_group: GroupShare | null;
  unexplained: number | null;
  /** The most probable first; of a board, none. */
  hypotheses: Hypothesis[];
  calibrated: Calibrated[];
  posterior: { parameters: SampledPosterior[] } | null;
  validation: {
    accepted: boolean;
    because: string;
    gap_before: number | null;
    gap_after: number | null;
    floor: number | null;
    rmse: ChannelRmse[];
    chirality: { run: string }[];
    chirality_success_before: number | null;
    chirality_success_after: number | null;
    checks: Check[];
    sensors: Finding[];
  };
  explanation: string[];
  counterfactuals: Counterfactual[];
  measure_next: string | null;
  limits: string[];
  provenance: {
    seed: number;
    twin: string;
    twin_digest: string;
    version: string;
    options_digest: string;
    run_digests: Record<string, string>;
  };
}

const SCHEMA = 'parallax-report/1';

/** What reports of the schema's first days lack. */
const ADDED = {
  divergences: null,
  attribution_group: null,
  hypotheses: [],
  posterior: null,
  explanation: [],
  counterfactuals: [],
  measure_next: null,
} satisfies Partial<Report>;
const ADDED_TO_GAP = { mean_square: null } satisfies Partial<Report['gap']>;
const ADDED_TO_VERDICT = { where: null } satisfies Partial<Report['verdict']>;
const ADDED_TO_VALIDATION = {
  chirality: [],
  chirality_success_before: null,
  chirality_success_after: null,
  sensors: [],
} satisfies Partial<Report['validation']>;

/** Throws where the text is no report of the schema that this page knows. */
export function readReport(text: string): Report {
  const report = JSON.parse(text) as Report;
  if (report.schema !== SCHEMA) {
    throw new Error(`report has schema "${report.schema}"; this page reads ${SCHEMA}`);
  }
  return {
    ...ADDED,
    ...report,
    verdict: { ...ADDED_TO_VERDICT, ...report.verdict },
    gap: { ...ADDED_TO_GAP, ...report.gap },
    validation: { ...ADDED_TO_VALIDATION, ...report.validation },
  };
}

export function parseReport(json: Uint8Array): Report {
  return readReport(new TextDecoder().decode(json));
}
