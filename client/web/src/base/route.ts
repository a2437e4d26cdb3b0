/** The address after "#" holds everything that a view shows, so that a link shows the same again. */

export type View = 'rigs' | 'runs' | 'run' | 'health' | 'reports' | 'report' | 'parameters' | 'models' | 'next';

export interface Route {
  view: View;
  rig: string;
  /** Run, or report; empty where the view has none. */
  id: string;
  params: Record<string, string>;
}

/** Parameters that go along from view to view. */
const KEPT = ['tz'];

/** "/rigs/7/runs/42?from=10"; null where no view has this address. */
export function parseRoute(hash: string): Route | null {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?');
  const params = Object.fromEntries(new URLSearchParams(query));
  const parts = path.split('/').filter((part) => part !== '');
  let decoded: string[];
  try {
    decoded = parts.map(decodeURIComponent);
  } catch {
    return null;
  }
  const [root, rig = '', page, id = ''] = decoded;
  if (root === undefined) return { view: 'rigs', rig: '', id: '', params };
  if (root !== 'rigs' || decoded.length > 4) return null;
  if (decoded.length === 1) return { view: 'rigs', rig: '', id: '', params };
  const view = viewOf(page, id !== '');
  return view === null ? null : { view, rig, id, params };
}

function viewOf(page: string | undefined, one: boolean): View | null {
  if (page === undefined || (page === 'runs' && !one)) return 'runs';
  if (page === 'runs') return 'run';
  if (page === 'health') return 'health';
  if (page === 'reports') return one ? 'report' : 'reports';
  if (page === 'parameters' && !one) return 'parameters';
  if (page === 'models' && !one) return 'models';
  if (page === 'next' && !one) return 'next';
  return null;
}

const PAGES: Record<View, string> = {
  rigs: '',
  runs: 'runs',
  run: 'runs',
  health: 'health',
  reports: 'reports',
  report: 'reports',
  parameters: 'parameters',
  models: 'models',
  next: 'next',
};

export function formatRoute(route: Route): string {
  const page = PAGES[route.view];
  let path = '/rigs';
  if (route.rig !== '') path += `/${encodeURIComponent(route.rig)}`;
  if (page !== '') path += `/${page}`;
  if (route.id !== '') path += `/${encodeURIComponent(route.id)}`;
  const query = new URLSearchParams(route.params).toString();
  return `#${path}${query === '' ? '' : `?${query}`}`;
}

/** Address of another view, with the parameters that go along. */
export function linkTo(
  from: Route,
  to: { view: View; rig?: string; id?: string; params?: Record<string, string> },
): string {
  const params: Record<string, string> = {};
  for (const key of KEPT) {
    const value = from.params[key];
    if (value !== undefined) params[key] = value;
  }
  return formatRoute({
    view: to.view,
    rig: to.rig ?? from.rig,
    id: to.id ?? '',
    params: { ...params, ...to.params },
  });
}

/** The same view with other parameters; null takes one away. */
export function withParams(route: Route, changes: Record<string, string | null>): Route {
  const params = { ...route.params };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete params[key];
    else params[key] = value;
  }
  return { ...route, params };
}
