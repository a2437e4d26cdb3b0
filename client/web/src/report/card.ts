/** What a model's card says: from what it learned, and how it foretold runs that it had not seen. */

const FORMAT = 'parallax.model/1';

export interface Foretold {
  runs: number;
  rmse: number | null;
  rmse_twin_alone: number | null;
  coverage_90: number | null;
}

export interface OutcomeCard {
  outcome: string;
  unit: string;
  method: string;
  runs: { real: number; simulated: number; real_share: number };
  effective_parameters: number | null;
  held_out: Foretold | null;
  locked: Foretold | null;
  refused: boolean;
  because: string;
}

export interface ModelCard {
  format: string;
  outcomes: OutcomeCard[];
  not_learnt: { outcome: string; because: string }[];
  locked_set: { runs: string[]; queries: number };
  alarm: boolean;
  because: string;
}

/** Throws where the text is no card of the format that this page knows. */
export function readCard(text: string): ModelCard {
  const card = JSON.parse(text) as ModelCard;
  if (card.format !== FORMAT) {
    throw new Error(`model card has format "${card.format}"; this page reads ${FORMAT}`);
  }
  return { ...card, not_learnt: card.not_learnt ?? [] };
}

export const parseCard = (json: Uint8Array) => readCard(new TextDecoder().decode(json));
