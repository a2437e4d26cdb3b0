/** The two plots of a channel: measured over predicted, and below them their difference. */
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { Segment } from '../gen/parallax/v1/resources_pb.ts';
import { figure } from '../base/text.ts';
import { align } from './align.ts';
import type { Line, Marks } from './decimate.ts';
import type { Band } from './protocol.ts';

export interface ChartLines {
  raw: Line | null;
  filtered: Line | null;
  /** Median where there is a band, else the prediction itself. */
  twin: Line | null;
  /** Times are those of `twin`. */
  band: Band | null;
  marks: Marks | null;
  phases: readonly Segment[];
}

export interface ChartEvents {
  /** A range was drawn with the pointer. */
  zoom: (from: number, to: number) => void;
  /** The pointer is at this time; null when it left. */
  point: (time: number | null) => void;
}

const SYNC = 'run';
const AXIS_WIDTH = 64;
const MARK_HEIGHT = 7;

/** A colour of the page's scheme, as it is now. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const stroke = (name: string) => () => colour(name);

/** A look-up of the newest lines, so that what draws never keeps older ones. */
type Newest = () => ChartLines;

function drawPhases(chart: uPlot, phases: readonly Segment[], named: boolean): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  phases.forEach((phase, i) => {
    const left = chart.valToPos(phase.startS, 'x', true);
    const right = chart.valToPos(phase.endS, 'x', true);
    if (i % 2 === 0) {
      ctx.fillStyle = colour('--phase');
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
    const from = Math.max(left, bbox.left);
    const room = Math.min(right, bbox.left + bbox.width) - from - 8 * devicePixelRatio;
    if (named && ctx.measureText(phase.name).width <= room) {
      ctx.fillStyle = colour('--muted');
      ctx.fillText(phase.name, from + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
    }
  });
  ctx.restore();
}

function drawMarks(chart: uPlot, marks: Marks | null): void {
  if (marks === null) return;
  const { ctx, bbox } = chart;
  const height = MARK_HEIGHT * devicePixelRatio;
  ctx.save();
  marks.x.forEach((time, i) => {
    const at = chart.valToPos(time, 'x', true);
    if (at < bbox.left || at > bbox.left + bbox.width) return;
    ctx.fillStyle = colour(marks.level[i] === 2 ? '--before' : '--suspect');
    ctx.fillRect(at - devicePixelRatio, bbox.top + bbox.height - height, 2 * devicePixelRatio, height);
  });
  ctx.restore();
}

function axes(ticks: boolean): uPlot.Axis[] {
  const common = {
    stroke: stroke('--muted'),
    grid: { stroke: stroke('--line'), width: 1 },
    ticks: { stroke: stroke('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const values = (_: uPlot, splits: number[]) => splits.map((value) => figure(value, 7));
  return [
    ticks ? { ...common, values, size: 30 } : { ...common, values: () => [], size: 4, ticks: { show: false } },
    { ...common, values, size: AXIS_WIDTH, space: ticks ? 34 : 22 },
  ];
}

function options(
  width: number,
  height: number,
  ticks: boolean,
  events: ChartEvents,
  draw: { before: (chart: uPlot) => void; after: (chart: uPlot) => void },
): Omit<uPlot.Options, 'series'> {
  return {
    width,
    height,
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: { x: { time: false, auto: false } },
    axes: axes(ticks),
    cursor: {
      sync: { key: SYNC, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { show: false },
    },
    hooks: {
      drawClear: [draw.before],
      draw: [draw.after],
      setSelect: [
        (chart) => {
          const { left, width: selected } = chart.select;
          if (selected < 3) return;
          events.zoom(chart.posToVal(left, 'x'), chart.posToVal(left + selected, 'x'));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [
        (chart) => {
          const left = chart.cursor.left ?? -1;
          events.point(left < 0 ? null : chart.posToVal(left, 'x'));
        },
      ],
    },
  };
}

export interface Chart {
  show: (range: readonly [number, number]) => void;
  resize: (width: number) => void;
  redraw: () => void;
  destroy: () => void;
}

function wrap(chart: uPlot, height: number, data: () => uPlot.AlignedData): Chart {
  return {
    show: ([min, max]) => {
      chart.batch(() => {
        chart.setData(data(), false);
        chart.setScale('x', { min, max });
      });
    },
    resize: (width) => chart.setSize({ width, height }),
    redraw: () => chart.redraw(false, true),
    destroy: () => chart.destroy(),
  };
}

const NOTHING: Line = { x: new Float64Array(), y: new Float64Array() };

function plainLine(name: string, width: number, points = false): uPlot.Series {
  return { stroke: stroke(name), width, points: points ? { size: 4, stroke: stroke(name) } : { show: false } };
}

const EDGE: uPlot.Series = { width: 0, points: { show: false } };

export function makeTrace(
  target: HTMLElement,
  size: { width: number; height: number },
  events: ChartEvents,
  newest: Newest,
): Chart {
  const data = () => {
    const { raw, filtered, twin, band } = newest();
    const edge = (key: keyof Band): Line =>
      twin === null || band === null ? NOTHING : { x: twin.x, y: band[key] };
    const lines = [
      edge('high95'),
      edge('low95'),
      edge('high50'),
      edge('low50'),
      raw ?? NOTHING,
      twin ?? NOTHING,
      filtered ?? NOTHING,
    ];
    const { x, columns } = align(lines);
    return [x, ...columns] as uPlot.AlignedData;
  };
  const chart = new uPlot(
    {
      ...options(size.width, size.height, true, events, {
        before: (at) => drawPhases(at, newest().phases, true),
        after: (at) => drawMarks(at, newest().marks),
      }),
      series: [
        {},
        EDGE,
        EDGE,
        EDGE,
        EDGE,
        plainLine('--ghost', 1, true),
        plainLine('--twin', 1.5),
        plainLine('--after', 1.75),
      ],
      bands: [
        { series: [1, 2], fill: stroke('--band-95') },
        { series: [3, 4], fill: stroke('--band-50') },
      ],
    },
    data(),
    target,
  );
  return wrap(chart, size.height, data);
}

/** Measured minus predicted around 0. */
export function makeResidual(
  target: HTMLElement,
  size: { width: number; height: number },
  events: ChartEvents,
  newest: Newest,
  residual: () => Line,
): Chart {
  const data = () => {
    const { x, columns } = align([residual()]);
    return [x, ...columns] as uPlot.AlignedData;
  };
  const chart = new uPlot(
    {
      ...options(size.width, size.height, false, events, {
        before: (at) => drawPhases(at, newest().phases, false),
        after: (at) => {
          const zero = at.valToPos(0, 'y', true);
          at.ctx.fillStyle = colour('--muted');
          at.ctx.fillRect(at.bbox.left, zero - 0.5, at.bbox.width, devicePixelRatio);
        },
      }),
      scales: { x: { time: false, auto: false }, y: { range: aroundZero } },
      series: [{}, plainLine('--after', 1.25)],
    },
    data(),
    target,
  );
  return wrap(chart, size.height, data);
}

function aroundZero(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  const reach = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0)) || 1;
  return [-1.1 * reach, 1.1 * reach];
}
