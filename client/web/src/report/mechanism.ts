/**
 * By which routes a cause acts, as a graph. The report tells routes in sentences, "A → B (+29 K) →
 * C (+0.0142 nm), 98.5 % of it."; each arrow is an edge, and what routes share is drawn once.
 */

export interface GraphNode {
  /** What it is, in words; the graph has one node of each name. */
  name: string;
  kind: 'cause' | 'quantity' | 'effect';
  /** What happens to it, "+29 K"; along several routes, each once. */
  changes: string[];
  /** On the route that carries most of an effect. */
  lit: boolean;
}

export interface GraphEdge {
  from: string;
  to: string;
  lit: boolean;
  /** Only routes that work against the whole effect use it. */
  against: boolean;
}

export interface MechanismGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

interface Route {
  steps: { name: string; change: string }[];
  against: boolean;
}

const ARROW = ' → ';

/** Routes told in one sentence of the explanation; the first is the one that carries most. */
export function routesOf(explanation: string): Route[] {
  const routes: Route[] = [];
  for (const sentence of explanation.split(/(?<=\.)\s+(?=\p{Lu})/u)) {
    const parts = sentence.replace(/\.$/, '').split(ARROW);
    const [head = '', ...rest] = parts;
    if (rest.length === 0) continue;
    const steps = rest.map(stepOf);
    if (steps.some((step) => step === null)) continue;
    routes.push({
      steps: [{ name: head, change: '' }, ...(steps as Route['steps'])],
      against: sentence.includes(', against the rest'),
    });
  }
  return routes;
}

/**
 * "surface temperature (+29 K)", what follows the bracket aside; null for anything else, such as
 * the values in "Substrate conductivity, n 0 → -0.509, raises …".
 */
function stepOf(text: string): { name: string; change: string } | null {
  const match = /^(\p{L}.*?) \(([^()]+)\)(,.*)?$/u.exec(text);
  if (match === null) return null;
  return { name: match[1] as string, change: match[2] as string };
}

/** Null where the report tells no route. */
export function mechanismGraph(explanation: readonly string[]): MechanismGraph | null {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  for (const told of explanation) {
    const routes = routesOf(told);
    routes.forEach((route, place) => addRoute(route, place === 0 && !route.against, nodes, edges));
  }
  if (edges.size === 0) return null;
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function addRoute(
  route: Route,
  lit: boolean,
  nodes: Map<string, GraphNode>,
  edges: Map<string, GraphEdge>,
): void {
  route.steps.forEach(({ name, change }, i) => {
    const kind = i === 0 ? 'cause' : i === route.steps.length - 1 ? 'effect' : 'quantity';
    const node = nodes.get(name) ?? { name, kind, changes: [], lit: false };
    nodes.set(name, node);
    node.lit ||= lit;
    if (change !== '' && !node.changes.includes(change)) node.changes.push(change);
    const before = route.steps[i - 1];
    if (before === undefined) return;
    const key = `${before.name}${ARROW}${name}`;
    const edge = edges.get(key) ?? { from: before.name, to: name, lit: false, against: true };
    edges.set(key, edge);
    edge.lit ||= lit;
    edge.against &&= route.against;
  });
}
