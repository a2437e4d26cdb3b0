/** What the whole page shares: its address, the zone in which it tells time, and the daemon's reach. */
import type { Interceptor } from '@connectrpc/connect';

import { isCancelled, isUnauthenticated, isUnreachable } from '../api/errors.ts';
import { any, atMost, every, type Feed } from '../api/feed.ts';
import { makeClients } from '../api/transport.ts';
import { Watch, WatchDetail } from '../api/watch.ts';
import { timeText, clockText, type Zone } from '../base/time.ts';
import { formatRoute, linkTo, parseRoute, withParams, type Route, type View } from '../base/route.ts';
import type { WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import { watchStream } from '../series/client.ts';

class Page {
  /** Null where no view has this address. */
  route = $state.raw<Route | null>(parseRoute(location.hash));
  /** Since when calls get no answer [ms since 1970]; null while they do. */
  unreachableSince = $state<number | null>(null);
  /** Whether the daemon refused a call for want of a token, or of a better one. */
  needsToken = $state(false);

  get zone(): Zone {
    return this.route?.params['tz'] === 'utc' ? 'utc' : 'local';
  }

  /** Address of another view. */
  link(to: { view: View; rig?: string; id?: string; params?: Record<string, string> }): string {
    return linkTo(this.route ?? { view: 'rigs', rig: '', id: '', params: {} }, to);
  }

  /** Changes parameters of the address without a step for the browser's way back. */
  set(changes: Record<string, string | null>): void {
    if (this.route === null) return;
    history.replaceState(null, '', formatRoute(withParams(this.route, changes)));
    this.route = parseRoute(location.hash);
  }

  time(ns: bigint): string {
    return timeText(ns, this.zone);
  }

  clock(ns: bigint): string {
    return clockText(ns, this.zone);
  }

  /** Follows the address; to be called once. */
  start(): void {
    addEventListener('hashchange', () => {
      this.route = parseRoute(location.hash);
    });
  }

  answered(): void {
    this.unreachableSince = null;
  }

  missed(): void {
    this.unreachableSince ??= Date.now();
  }
}

export const page = new Page();

/** Notes whether the daemon answers; what it answers is for whoever asked. */
const noteReach: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    page.answered();
    return response;
  } catch (reason) {
    if (isUnreachable(reason)) page.missed();
    else if (!isCancelled(reason)) page.answered();
    if (isUnauthenticated(reason)) page.needsToken = true;
    throw reason;
  }
};

export const { query, analysis, calibration, models, twins } = makeClients([noteReach]);

export const watch = new Watch(watchStream, {
  answered: () => page.answered(),
  missed: () => page.missed(),
});

type Happening = NonNullable<WatchResponse['event']['case']>;

const QUIET_MS = 10_000;
const BURST_MS = 300;

/**
 * Says when one of `kinds` happened to what `names` name (WatchRequest.names), seldom besides, and when
 * the page is seen again.
 */
export function changes(
  names: readonly string[],
  kinds: readonly Happening[],
  { detail = WatchDetail.STATE, burst = BURST_MS }: { detail?: WatchDetail; burst?: number } = {},
): Feed {
  const happened: Feed = (changed) =>
    watch.add({
      names,
      detail,
      told: (event) => {
        if (event === null || kinds.some((kind) => kind === event.event.case)) changed();
      },
    });
  return any(atMost(burst, happened), every(QUIET_MS));
}
