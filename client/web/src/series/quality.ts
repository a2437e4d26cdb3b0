/** Quality of samples: one byte each, level in the high nibble, reason in the low (OPC UA's levels). */

/** By the number on the wire. */
export const REASONS = [
  'NONE',
  'OUT_OF_RANGE',
  'SPIKE',
  'STUCK',
  'CENSORED',
  'STALE',
  'DUPLICATE',
  'BACKWARD_CLOCK',
  'CLOCK_JUMP',
  'DRIFT',
  'SWAPPED',
] as const;

export type Level = 'good' | 'uncertain' | 'bad';

export interface Quality {
  level: Level;
  /** "SPIKE"; "REASON_14" where this page does not know the number. */
  reason: string;
}

export function unpackQuality(byte: number): Quality {
  const level = byte >> 4;
  const reason = byte & 0x0f;
  return {
    // A level that is not known is not taken for good.
    level: level === 0 ? 'good' : level === 1 ? 'uncertain' : 'bad',
    reason: REASONS[reason] ?? `REASON_${reason}`,
  };
}

export interface QualityTally {
  good: number;
  uncertain: number;
  bad: number;
  /** Of the samples that are not simply good, and of good ones that carry a reason. */
  reasons: Record<string, number>;
}

export function tallyQuality(bytes: Uint8Array): QualityTally {
  const tally: QualityTally = { good: 0, uncertain: 0, bad: 0, reasons: {} };
  for (const byte of bytes) {
    const { level, reason } = unpackQuality(byte);
    tally[level] += 1;
    if (reason !== 'NONE') tally.reasons[reason] = (tally.reasons[reason] ?? 0) + 1;
  }
  return tally;
}
