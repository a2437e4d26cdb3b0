/** A value that a view shows, kept up with the daemon. */
import { untrack } from 'svelte';

import { isCancelled, troubleOf, type Trouble } from '../api/errors.ts';
import type { Feed } from '../api/feed.ts';

const RETRY_MS = 2_000;

export interface Followed<T> {
  /** The newest answer; stays while it cannot be renewed. */
  readonly value: T | null;
  /** Why the last try failed; null once one succeeds. */
  readonly trouble: Trouble | null;
  readonly loading: boolean;
}

/**
 * Asks `load` now and whenever `feed` says so, one question at a time, and breaks off and asks anew
 * when `what` it is about changes. To be called while a component is made; ends with it.
 * @param what  names what is asked for; all else that `load` reads is as it is when it is called
 */
export function follow<T>(
  what: () => string,
  load: (signal: AbortSignal) => Promise<T>,
  feed: () => Feed,
): Followed<T> {
  const subject = $derived(what());
  let value = $state.raw<T | null>(null);
  let trouble = $state.raw<Trouble | null>(null);
  let loading = $state(true);

  $effect(() => {
    void subject;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let busy = false;
    let again = false;
    const settle = (wait: number | null) => {
      busy = false;
      loading = false;
      if (controller.signal.aborted) return;
      if (again) run();
      else if (wait !== null) timer = setTimeout(run, wait);
    };
    const run = () => {
      if (busy) {
        again = true;
        return;
      }
      clearTimeout(timer);
      busy = true;
      again = false;
      load(controller.signal).then(
        (answer) => {
          if (!controller.signal.aborted) {
            value = answer;
            trouble = null;
          }
          settle(null);
        },
        (reason: unknown) => {
          if (!controller.signal.aborted && !isCancelled(reason)) trouble = troubleOf(reason);
          settle(trouble?.code === 'UNAVAILABLE' ? RETRY_MS : null);
        },
      );
    };
    loading = true;
    untrack(run);
    const stop = feed()(run);
    return () => {
      stop();
      clearTimeout(timer);
      controller.abort();
    };
  });

  return {
    get value() {
      return value;
    },
    get trouble() {
      return trouble;
    },
    get loading() {
      return loading;
    },
  };
}
