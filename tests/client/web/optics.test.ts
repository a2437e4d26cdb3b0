import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  diameterNm,
  kataura,
  laserEv,
  opticalTransitions,
  rbmShift,
} from '../../../client/web/src/report/optics.ts';
import { matchLines, rbmSpecies } from '../../../client/web/src/report/raman.ts';

function near(actual: number | undefined, expected: number, tolerance: number): void {
  assert.ok(Math.abs((actual ?? NaN) - expected) <= tolerance, `${actual} is not near ${expected}`);
}

test('transitions of ten tubes are within three nanometres of what was measured', () => {
  // Weisman and Bachilo (2003), Bachilo et al. (2002).
  const tubes: [number, number, number, number][] = [
    [6, 5, 975, 567], [7, 5, 1024, 645], [8, 4, 1111, 589], [9, 4, 1101, 722], [8, 3, 952, 665],
    [7, 6, 1120, 648], [8, 6, 1172, 718], [8, 7, 1267, 728], [9, 5, 1241, 672],
  ];
  for (const [n, m, e11Nm, e22Nm] of tubes) {
    const { e11PerCm, e22PerCm } = opticalTransitions(n, m);
    near(1e7 / e11PerCm, e11Nm, 3);
    near(1e7 / e22PerCm, e22Nm, 3);
  }
});

test('the breathing mode of a (6,5) tube is at 308.8 per cm', () => {
  near(diameterNm(6, 5), 0.747, 5e-4);
  near(rbmShift(diameterNm(6, 5)), 308.8, 0.1);
});

test('photons of 532 nm have 2.33 eV', () => near(laserEv(532), 2.3305, 5e-4));

test('the Kataura plot holds the twin\'s semiconducting tubes and no others', () => {
  const points = kataura(0.6, 2);
  assert.equal(points.length, 2 * 127); // kSemiconducting of core/twin/swcnt/species.h
  assert.ok(points.every(({ n, m }) => (n - m) % 3 !== 0));
  const sixFive = points.filter(({ n, m }) => n === 6 && m === 5);
  near(sixFive.find(({ transition }) => transition === 'E11')?.energy, 1.27, 0.01);
});

// Lines at 308.8 (6,5), 283.6 (7,5), 264.6 (7,6) and 282.5 (8,4) per cm: the middle two are one.
const SPECTRUM = { rbm_6_5: 1, rbm_7_5: 2, rbm_8_4: 1, rbm_7_6: 4, share_6_5: 0.5 };

test('of two lines intensities are shares of their sum', () => {
  const rows = matchLines(
    [
      { shiftPerCm: 309, intensity: 1, sd: 0.1 },
      { shiftPerCm: 264, intensity: 3, sd: 0.2 },
    ],
    [SPECTRUM],
  );
  assert.deepEqual(rows.map(({ share }) => share), [0.75, 0.25]);
  // d(a/(a+b)) = (b da - a db)/(a+b)², so both have one sd.
  const sd = Math.hypot(1 * 0.2, 3 * 0.1) / 16;
  for (const row of rows) near(row.sd, sd, 1e-12);
  assert.deepEqual(rows.map(({ species }) => species), [['7,6'], ['6,5']]);
  assert.deepEqual(rows.map(({ predicted }) => predicted), [[0.8], [0.2]]);
});

test('lines that the instrument cannot resolve are one, and hold all species that shine there', () => {
  const rows = matchLines(
    [
      { shiftPerCm: 281.5, intensity: 1, sd: 0.3 },
      { shiftPerCm: 284, intensity: 2, sd: 0.4 },
      { shiftPerCm: 309, intensity: 1, sd: 0 },
    ],
    [SPECTRUM],
  );
  assert.equal(rows.length, 2);
  assert.deepEqual(rows[0]?.species, ['7,5', '8,4']);
  near(rows[0]?.share, 0.75, 1e-12);
  near(rows[0]?.sd, 0.5 / 16, 1e-12);
  assert.deepEqual(rows[0]?.predicted, [0.75]);
});

test('where nothing is predicted, or where the list ends, a line does not count', () => {
  const line = (shiftPerCm: number, intensity: number) => ({ shiftPerCm, intensity, sd: 0.1 });
  const rows = matchLines([line(309, 3), line(200, 50), line(264, 1), line(283, 0.05)], [SPECTRUM]);
  assert.deepEqual(rows.map(({ share }) => share), [0.25, 0.75]);
  assert.deepEqual(matchLines([line(309, 3)], [SPECTRUM]), []);
  assert.deepEqual(matchLines([], [SPECTRUM]), []);
});

test('only breathing lines name a species', () => {
  assert.deepEqual(rbmSpecies('rbm_10_2'), [10, 2]);
  assert.equal(rbmSpecies('share_6_5'), null);
});
