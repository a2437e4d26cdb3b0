/** What a design says: experiments to do next, or the recipe that promises most of an outcome. */

const FORMAT = 'parallax.design/1';

export interface Change {
  knob: string;
  unit: string;
  from: number | null;
  to: number | null;
  low: number | null;
  high: number | null;
}

export interface Expected {
  observable: string;
  unit: string;
  mean: number | null;
  sd: number | null;
  /** Share of the variance that more runs can take away. */
  epistemic_share: number | null;
}

/** The recipe of a run.json; what a rig has not is null. */
export type PlannedRecipe = Record<string, unknown>;

export interface Experiment {
  rank: number;
  headline: string;
  recipe: PlannedRecipe;
  changes: Change[];
  information_nats: number | null;
  /** Pairs that pass for one another and that it tells apart. */
  separates: string[][];
  resolves_probability: number | null;
  would_change: string | null;
  expected: Expected[];
  hours: number | null;
  warnings: string[];
  /** Of the recipe of a goal. */
  probability_of_reaching: number | null;
}

export interface DesignDocument {
  format: string;
  kind: 'SUGGESTION' | 'GOAL';
  because: string;
  experiments: Experiment[];
}

/** A kind of design says nothing of what only the other one has. */
const ABSENT = {
  information_nats: null,
  separates: [],
  resolves_probability: null,
  would_change: null,
  hours: null,
  warnings: [],
  probability_of_reaching: null,
} satisfies Partial<Experiment>;

/** Throws where the text is no design of the format that this page knows. */
export function readDesign(text: string): DesignDocument {
  const design = JSON.parse(text) as DesignDocument;
  if (design.format !== FORMAT) {
    throw new Error(`design has format "${design.format}"; this page reads ${FORMAT}`);
  }
  return { ...design, experiments: design.experiments.map((one) => ({ ...ABSENT, ...one })) };
}

export const parseDesign = (json: Uint8Array) => readDesign(new TextDecoder().decode(json));

/**
 * A run.json without "id" and "started_at", which the new run has of its own; figures are those of the design, to the
 * last bit.
 */
export function plannedRecipeText({ recipe }: Experiment): string {
  const given = Object.entries(recipe).filter(([, value]) => value !== null);
  return `${JSON.stringify(Object.fromEntries(given), null, 1)}\n`;
}

/** "k0 from Rc, a from b". */
export function separatesText({ separates }: Experiment): string {
  return separates.map((pair) => pair.join(' from ')).join(', ');
}
