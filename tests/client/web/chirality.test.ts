import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  calls,
  cellCentre,
  chiralityMaps,
  dominant,
  extentOf,
  hexagon,
  largestShare,
} from '../../../client/web/src/report/chirality.ts';
import type { HeldOutShare, Report } from '../../../client/web/src/report/report.ts';
import { furnaceReport } from './report_fixture.ts';

const share = (
  species: [number, number],
  measured: number | null,
  as_assumed: number,
  as_calibrated: number,
): HeldOutShare => ({ species, measured, as_assumed, as_calibrated });

function report(): Report {
  const words = { measured: '(7,5)', as_assumed: '(7,6)', as_calibrated: '(7,5)', sentence: '' };
  return {
    ...furnaceReport(),
    counterfactuals: [
      { ...words, run: 'r41', shares: [share([7, 5], 0.4, 0.3, 0.31)] },
      {
        ...words,
        run: 'r40',
        shares: [share([7, 5], 0.4, 0.1, 0.38), share([7, 6], 0.3, 0.5, 0.3), share([8, 3], null, 0.1, 0)],
      },
    ],
  };
}

test('a cell stands on the graphene lattice, sqrt(3)/2 rows apart and half a step to the right', () => {
  assert.deepEqual(cellCentre(6, 0), { x: 6, y: 0 });
  assert.equal(cellCentre(6, 5).x, 8.5);
  assert.ok(Math.abs(cellCentre(6, 5).y - 4.330127018922193) < 1e-12);
  for (const [n, m] of [[8, 4], [7, 5], [8, 3], [9, 4]] as const) {
    const here = cellCentre(8, 4);
    const there = cellCentre(n, m);
    const distance = Math.hypot(here.x - there.x, here.y - there.y);
    assert.ok(n === 8 && m === 4 ? distance === 0 : Math.abs(distance - 1) < 1e-12, `${n},${m}`);
  }
});

test('hexagons of neighbours share an edge', () => {
  const corners = hexagon(2);
  assert.equal(corners.length, 6);
  // Right of a cell is the next, two away: both have the edge between.
  assert.ok(corners.every(({ x, y }) => Math.abs(Math.hypot(x, y) - 2 / Math.sqrt(3)) < 1e-12));
  assert.equal(corners[1]?.x, 1);
  assert.equal(corners[2]?.x, 1);
  assert.equal(corners[5]?.x, -1);
});

test('the extent holds whole cells', () => {
  const { left, right, top, bottom } = extentOf([{ n: 6, m: 0 }, { n: 7, m: 0 }]);
  assert.deepEqual([left, right], [5.5, 7.5]);
  assert.ok(Math.abs(bottom - top - 2 / Math.sqrt(3)) < 1e-12);
});

test('the run that calibration moves most comes first', () => {
  const maps = chiralityMaps(report());
  assert.deepEqual(maps.map(({ run }) => run), ['r40', 'r41']);
  const species = maps[0]?.species ?? [];
  assert.deepEqual(species[0], { n: 7, m: 5, measured: 0.4, assumed: 0.1, calibrated: 0.38 });
  assert.equal(species[2]?.measured, null);
  assert.equal(largestShare(species), 0.5);
  assert.deepEqual(
    (['measured', 'assumed', 'calibrated'] as const).map((column) => dominant(species, column)?.m),
    [5, 6, 5],
  );
});

test('impossible species are not drawn', () => {
  const made = report();
  made.counterfactuals = [
    {
      ...(made.counterfactuals[0] as Report['counterfactuals'][0]),
      shares: [share([7, 8], 0.1, 0.1, 0.1), share([200, 6], 0.1, 0.1, 0.1)],
    },
  ];
  assert.deepEqual(chiralityMaps(made), []);
});

test('how often the dominant species is right is told as the figure tells it', () => {
  const made = report();
  made.validation = {
    ...made.validation,
    chirality: [{ run: 'r40' }, { run: 'r41' }],
    chirality_success_before: 0.5,
    chirality_success_after: 1,
  };
  assert.equal(
    calls(made).replaceAll('\u00a0', ' '),
    'Of 2 held-out runs the dominant species is predicted right in 50 % as assumed, in 100 % calibrated.',
  );
  assert.equal(calls(furnaceReport()), '');
});
