/** Which stretch of a run the plots show, and how keys and buttons move it. Seconds from its start. */

export interface Window {
  from: number;
  to: number;
}

export type Move = 'left' | 'right' | 'in' | 'out' | 'all';

/** A window is at least this long. */
const LEAST_SECONDS = 1e-3;

/** Null: everything. A window is kept within `all`; one that would hold all of it is everything. */
export function move(now: Window, all: Window, step: Move): Window | null {
  const span = now.to - now.from;
  switch (step) {
    case 'all':
      return null;
    case 'left':
      return within({ from: now.from - span / 4, to: now.to - span / 4 }, all);
    case 'right':
      return within({ from: now.from + span / 4, to: now.to + span / 4 }, all);
    case 'in':
      return span / 2 < LEAST_SECONDS
        ? now
        : within({ from: now.from + span / 4, to: now.to - span / 4 }, all);
    case 'out':
      return within({ from: now.from - span / 2, to: now.to + span / 2 }, all);
  }
}

function within(wanted: Window, all: Window): Window | null {
  const span = wanted.to - wanted.from;
  if (span >= all.to - all.from) return null;
  const from = Math.min(Math.max(wanted.from, all.from), all.to - span);
  return { from, to: from + span };
}

/** The step that a key stands for; null for any other key. */
export function moveOfKey(key: string): Move | null {
  switch (key) {
    case 'ArrowLeft':
      return 'left';
    case 'ArrowRight':
      return 'right';
    case '+':
    case '=':
      return 'in';
    case '-':
      return 'out';
    case '0':
    case 'Home':
      return 'all';
    default:
      return null;
  }
}

/** A window's ends as they stand in an address: to a part in 100,000 of its length. */
export function windowParams({ from, to }: Window): { from: string; to: string } {
  const digits = Math.min(Math.max(Math.ceil(5 - Math.log10(to - from)), 0), 9);
  return { from: from.toFixed(digits), to: to.toFixed(digits) };
}

/** Null where the address holds none, or one that is none. */
export function windowOf(params: Record<string, string>): Window | null {
  const from = Number(params['from'] ?? 'x');
  const to = Number(params['to'] ?? 'x');
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? { from, to } : null;
}
