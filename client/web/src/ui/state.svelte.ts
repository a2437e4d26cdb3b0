/** What the whole page shares: its address, the zone in which it tells time, and the daemon's reach. */
import type { Interceptor } from '@connectrpc/connect';

import { isCancelled, isUnreachable } from '../api/errors.ts';
import { makeClients } from '../api/transport.ts';
import { timeText, clockText, type Zone } from '../base/time.ts';
import { formatRoute, linkTo, parseRoute, withParams, type Route, type View } from '../base/route.ts';

class Page {
  /** Null where no view has this address. */
  route = $state.raw<Route | null>(parseRoute(location.hash));
  /** Since when calls get no answer [ms since 1970]; null while they do. */
  unreachableSince = $state<number | null>(null);

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
    throw reason;
  }
};

export const { query, analysis, calibration } = makeClients([noteReach]);
