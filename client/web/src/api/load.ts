/** Answers of several calls as one thing to show. */
import type { Client } from '@connectrpc/connect';

import type { AnalysisService } from '../gen/parallax/v1/analysis_pb.ts';
import type { CalibrationService } from '../gen/parallax/v1/calibration_pb.ts';
import type { Design } from '../gen/parallax/v1/design_pb.ts';
import type { Model, ModelService } from '../gen/parallax/v1/model_pb.ts';
import type { QueryService, RunStream } from '../gen/parallax/v1/query_pb.ts';
import { JobKind } from '../gen/parallax/v1/automation_pb.ts';
import {
  ParameterSetState,
  RunState,
  type Job,
  type Outcome,
  type ParameterSet,
  type Report as StoredReport,
  type Rig,
  type Run,
} from '../gen/parallax/v1/resources_pb.ts';
import { parseDesign, type DesignDocument } from '../report/design.ts';
import { parseReport, type Report } from '../report/report.ts';

export interface Clients {
  query: Client<typeof QueryService>;
  analysis: Client<typeof AnalysisService>;
  calibration: Client<typeof CalibrationService>;
}

const PAGE_SIZE = 1_000;

/** All pages of a list. */
async function all<R extends { nextPageToken: string }, T>(
  page: (pageToken: string) => Promise<R>,
  items: (response: R) => T[],
): Promise<T[]> {
  const found: T[] = [];
  let token = '';
  do {
    const response = await page(token);
    found.push(...items(response));
    token = response.nextPageToken;
  } while (token !== '');
  return found;
}

export function listRigs({ query }: Clients, signal: AbortSignal): Promise<Rig[]> {
  return all(
    (pageToken) => query.listRigs({ pageSize: PAGE_SIZE, pageToken }, { signal }),
    ({ rigs }) => rigs,
  );
}

/** In order of start. */
export function listRuns({ query }: Clients, rig: string, signal: AbortSignal): Promise<Run[]> {
  return all(
    (pageToken) => query.listRuns({ rig, pageSize: PAGE_SIZE, pageToken }, { signal }),
    ({ runs }) => runs,
  );
}

/** Newest first, without their JSON. */
export function listReports(
  { analysis }: Clients,
  rig: string,
  signal: AbortSignal,
): Promise<StoredReport[]> {
  return all(
    (pageToken) => analysis.listReports({ rig, pageSize: PAGE_SIZE, pageToken }, { signal }),
    ({ reports }) => reports,
  );
}

/** Newest first, without their JSON. */
export function listSets(
  { calibration }: Clients,
  rig: string,
  signal: AbortSignal,
): Promise<ParameterSet[]> {
  return all(
    (pageToken) => calibration.listParameterSets({ rig, pageSize: PAGE_SIZE, pageToken }, { signal }),
    ({ parameterSets }) => parameterSets,
  );
}

export interface RunDetail {
  rig: Rig;
  run: Run;
  outcome: Outcome | null;
  streams: RunStream[];
}

/** A run with its rig; `rig` and `run` are resource names. */
export async function loadRun(
  { query }: Clients,
  rig: string,
  run: string,
  signal: AbortSignal,
): Promise<RunDetail> {
  const [{ rig: of }, answer] = await Promise.all([
    query.getRig({ name: rig }, { signal }),
    query.getRun({ name: run }, { signal }),
  ]);
  if (of === undefined || answer.run === undefined) throw new Error(`no answer about ${run}`);
  return { rig: of, run: answer.run, outcome: answer.outcome ?? null, streams: answer.streams };
}

export interface ReadReport {
  stored: StoredReport;
  report: Report;
}

/** What reports say, by name and hash. That never changes, so that each is read once. */
const reports = new Map<string, Report>();
const MOST_REPORTS = 100;

const keyOf = ({ name, sha256 }: StoredReport) => `${name} ${sha256}`;

/** A report as it stands; what it says is the same object each time. */
export async function loadReport(
  { analysis }: Clients,
  name: string,
  signal: AbortSignal,
): Promise<ReadReport> {
  const { report: stored } = await analysis.getReport({ name }, { signal });
  if (stored === undefined) throw new Error(`the daemon answered without the report ${name}`);
  const report = reports.get(keyOf(stored)) ?? parseReport(stored.json);
  reports.set(keyOf(stored), report);
  for (const oldest of reports.keys()) {
    if (reports.size <= MOST_REPORTS) break;
    reports.delete(oldest);
  }
  return { stored, report };
}

/** What a listed report says. */
export async function recallReport(
  clients: Clients,
  listed: StoredReport,
  signal: AbortSignal,
): Promise<Report> {
  const known = reports.get(keyOf(listed));
  return known ?? (await loadReport(clients, listed.name, signal)).report;
}

export interface Suggestion {
  /** The newest that suggests experiments; null where there is none. */
  read: { stored: Design; design: DesignDocument } | null;
  /** The newest that makes a design; null where there is none. */
  job: Job | null;
}

const NEWEST = 50;

/** The newest job of a kind. */
async function newestJob(
  { analysis }: Pick<Clients, 'analysis'>,
  rig: string,
  kind: JobKind,
  signal: AbortSignal,
): Promise<Job | null> {
  const { jobs } = await analysis.listJobs({ rig, pageSize: NEWEST }, { signal });
  return jobs.find((job) => job.kind === kind) ?? null;
}

export async function newestSuggestion(
  clients: Clients,
  rig: string,
  signal: AbortSignal,
): Promise<Suggestion> {
  const [{ designs }, job] = await Promise.all([
    clients.analysis.listDesigns({ rig, pageSize: NEWEST }, { signal }),
    newestJob(clients, rig, JobKind.DESIGN, signal),
  ]);
  const newest = designs.find(({ kind }) => kind === 'SUGGESTION');
  if (newest === undefined) return { read: null, job };
  const { design: stored } = await clients.analysis.getDesign({ name: newest.name }, { signal });
  if (stored === undefined) throw new Error(`the daemon answered without the design ${newest.name}`);
  return { read: { stored, design: parseDesign(stored.json) }, job };
}

/** Newest first, without their cards, and the newest job that trains one. */
export async function listModels(
  clients: Pick<Clients, 'analysis'> & { models: Client<typeof ModelService> },
  rig: string,
  signal: AbortSignal,
): Promise<{ models: Model[]; job: Job | null }> {
  const [models, job] = await Promise.all([
    all(
      (pageToken) => clients.models.listModels({ rig, pageSize: PAGE_SIZE, pageToken }, { signal }),
      (page) => page.models,
    ),
    newestJob(clients, rig, JobKind.TRAINING, signal),
  ]);
  return { models, job };
}

export interface RigSummary {
  rig: Rig;
  runs: number;
  openRun: Run | null;
  lastRun: Run | null;
  /** Newest; as listed, so that `superseded` is of now. */
  report: StoredReport | null;
  read: Report | null;
  current: ParameterSet | null;
  /** The newest that has not ended. */
  job: Job | null;
}

export async function summarise(clients: Clients, rig: Rig, signal: AbortSignal): Promise<RigSummary> {
  const of = { rig: rig.name };
  const [runs, { reports: newest }, sets, { jobs }] = await Promise.all([
    listRuns(clients, rig.name, signal),
    clients.analysis.listReports({ ...of, pageSize: 1 }, { signal }),
    listSets(clients, rig.name, signal),
    clients.analysis.listJobs({ ...of, pageSize: 20 }, { signal }),
  ]);
  const report = newest[0] ?? null;
  const read = report === null ? null : await recallReport(clients, report, signal);
  return {
    rig,
    runs: runs.length,
    openRun: runs.findLast(({ state }) => state === RunState.OPEN) ?? null,
    lastRun: runs[runs.length - 1] ?? null,
    report,
    read,
    current: sets.find(({ state }) => state === ParameterSetState.CURRENT) ?? null,
    job: jobs.find(({ endTime }) => endTime === undefined) ?? null,
  };
}
