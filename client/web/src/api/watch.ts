/**
 * What happens at the daemon, over one stream for the whole page: views say what they are about and
 * are told. The stream goes on over lost links from its last cursor.
 */
import { Code, ConnectError } from '@connectrpc/connect';

import { WatchDetail, type WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import { isUnreachable } from './errors.ts';

export { WatchDetail };

export interface WatchQuestion {
  names: string[];
  detail: WatchDetail;
  cursor: string;
}

/** QueryService.Watch. */
export type Stream = (question: WatchQuestion, signal: AbortSignal) => AsyncIterable<WatchResponse>;

export interface Interest {
  /** As in WatchRequest.names. */
  names: readonly string[];
  detail: WatchDetail;
  /** Told every event about its names as it happens; null where something may have been missed. */
  told: (event: WatchResponse | null) => void;
}

/** Told whether the daemon answers. */
export interface Reach {
  answered: () => void;
  missed: () => void;
}

export interface WatchTimes {
  /** Until a lost stream is tried again [ms]. */
  retry: number;
  /** A stream that says nothing for so long is lost: the daemon's heart beats every five seconds. */
  silence: number;
}

const REFUSED_RETRIES = 9;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The resource that an event is about, and the rig that it belongs to. */
export function subjectOf({ event }: WatchResponse): { name: string; rig: string } {
  const below = (name: string) => ({ name, rig: name.split('/').slice(0, 2).join('/') });
  switch (event.case) {
    case 'job':
      return { name: event.value.name, rig: event.value.rig };
    case 'rig':
    case 'run':
    case 'parameterSet':
      return below(event.value.name);
    case 'points':
    case 'detection':
    case 'health':
    case 'gap':
      return below(event.value.run);
    default:
      return { name: '', rig: '' };
  }
}

/** Whether a name of a request stands for what an event is about. */
export function covers(watched: string, { name, rig }: { name: string; rig: string }): boolean {
  if (watched === name) return true;
  if (watched === 'rigs/-') return rig !== '';
  if (watched === 'jobs/-') return name.startsWith('jobs/');
  if (watched.endsWith('/parameterSets')) return name.startsWith(`${watched}/`);
  return watched === rig;
}

export class Watch {
  readonly #interests = new Set<Interest>();
  /** What the running stream watches; empty: there is none. */
  #watched = '';
  #running: AbortController | null = null;
  #planned = false;

  constructor(
    private readonly stream: Stream,
    private readonly reach: Reach,
    private readonly times: WatchTimes = { retry: 1_000, silence: 15_000 },
  ) {}

  /** Begins to tell; returns what ends it. */
  add(interest: Interest): () => void {
    this.#interests.add(interest);
    this.#plan();
    return () => {
      this.#interests.delete(interest);
      this.#plan();
    };
  }

  /** A view that replaces another changes the stream once, after all of it has come and gone. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#apply();
    });
  }

  #apply(): void {
    const interests = [...this.#interests];
    const names = [...new Set(interests.flatMap((interest) => interest.names))].sort();
    const detail = Math.max(WatchDetail.STATE, ...interests.map((interest) => interest.detail));
    const watched = names.length === 0 ? '' : `${detail} ${names.join(' ')}`;
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#running?.abort();
    this.#running = null;
    if (watched === '') return;
    this.#running = new AbortController();
    void this.#follow({ names, detail, cursor: '' }, this.#running.signal);
  }

  async #follow(question: WatchQuestion, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      try {
        await this.#listen(question, ended);
      } catch (reason) {
        if (ended.aborted) return;
        if (ConnectError.from(reason).code === Code.OutOfRange && question.cursor !== '') {
          question.cursor = '';
          continue;
        }
        if (isUnreachable(reason)) this.reach.missed();
        // What the daemon refuses it will refuse again, until what is named is there.
        else await pause(REFUSED_RETRIES * this.times.retry);
      }
      await pause(this.times.retry);
    }
  }

  /** Until the stream ends; what ends it is thrown. */
  async #listen(question: WatchQuestion, ended: AbortSignal): Promise<void> {
    const attempt = new AbortController();
    const end = () => attempt.abort();
    ended.addEventListener('abort', end, { once: true });
    let silent = false;
    const fall = () => {
      silent = true;
      attempt.abort();
    };
    let silence = setTimeout(fall, this.times.silence);
    try {
      for await (const event of this.stream(question, attempt.signal)) {
        clearTimeout(silence);
        silence = setTimeout(fall, this.times.silence);
        this.reach.answered();
        if (event.cursor !== '') question.cursor = event.cursor;
        this.#tell(event);
      }
    } catch (reason) {
      throw silent ? new ConnectError('nothing was heard', Code.Unavailable) : reason;
    } finally {
      clearTimeout(silence);
      ended.removeEventListener('abort', end);
    }
  }

  #tell(event: WatchResponse): void {
    const kind = event.event.case;
    // Everything was asked for when the view came; after a lost link something may be another.
    const all = kind === 'caughtUp' || kind === 'gap';
    // What stands, before the stream has caught up: the view asked for it itself, but for what was
    // detected, which no call answers.
    if (!all && kind !== 'detection' && event.cursor === '') return;
    const subject = subjectOf(event);
    for (const interest of this.#interests) {
      if (all) interest.told(null);
      else if (interest.names.some((name) => covers(name, subject))) interest.told(event);
    }
  }
}
