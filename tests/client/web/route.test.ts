import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatRoute, linkTo, parseRoute, withParams } from '../../../client/web/src/base/route.ts';
import { move, moveOfKey, windowOf, windowParams } from '../../../client/web/src/base/window.ts';

test('every view has an address that reads back as the same view', () => {
  for (const hash of [
    '#/rigs',
    '#/rigs/c-1/runs',
    '#/rigs/c-1/runs/r25?from=10&to=20',
    '#/rigs/c-1/health',
    '#/rigs/c-1/health/r25',
    '#/rigs/c-1/reports',
    '#/rigs/c-1/reports/r1?run=r26',
    '#/rigs/c-1/parameters?all=1',
    '#/rigs/c-1/next?run=r2',
  ]) {
    const route = parseRoute(hash);
    assert.ok(route !== null, hash);
    assert.equal(formatRoute(route), hash);
  }
  assert.equal(parseRoute('')?.view, 'rigs');
  assert.equal(parseRoute('#/rigs/c-1')?.view, 'runs');
});

test('an address of nothing is told apart', () => {
  for (const hash of ['#/x', '#/rigs/a/b', '#/rigs/a/parameters/1', '#/rigs/a/next/1', '#/rigs/a/runs/r/more', '#/%']) {
    assert.equal(parseRoute(hash), null, hash);
  }
});

test('the time zone goes along from view to view, other parameters do not', () => {
  const route = parseRoute('#/rigs/a/runs/r1?tz=utc&from=1&to=2');
  assert.ok(route !== null);
  assert.equal(linkTo(route, { view: 'health', id: 'r1' }), '#/rigs/a/health/r1?tz=utc');
  assert.equal(linkTo(route, { view: 'rigs', rig: '' }), '#/rigs?tz=utc');
  assert.deepEqual(withParams(route, { from: null, set: '0' }).params, { tz: 'utc', to: '2', set: '0' });
});

const ALL = { from: 0, to: 100 };

test('a window moves by a quarter and stays within the run', () => {
  assert.deepEqual(move({ from: 40, to: 60 }, ALL, 'right'), { from: 45, to: 65 });
  assert.deepEqual(move({ from: 90, to: 98 }, ALL, 'right'), { from: 92, to: 100 });
  assert.deepEqual(move({ from: 1, to: 21 }, ALL, 'left'), { from: 0, to: 20 });
});

test('zooming in halves the window, zooming out doubles it up to everything', () => {
  assert.deepEqual(move(ALL, ALL, 'in'), { from: 25, to: 75 });
  assert.deepEqual(move({ from: 40, to: 60 }, ALL, 'out'), { from: 30, to: 70 });
  assert.equal(move({ from: 20, to: 80 }, ALL, 'out'), null);
  assert.equal(move({ from: 40, to: 60 }, ALL, 'all'), null);
  const least = { from: 1, to: 1.001 };
  assert.deepEqual(move(least, ALL, 'in'), least);
});

test('keys stand for the steps that the plots name', () => {
  assert.equal(moveOfKey('ArrowLeft'), 'left');
  assert.equal(moveOfKey('+'), 'in');
  assert.equal(moveOfKey('0'), 'all');
  assert.equal(moveOfKey('a'), null);
});

test('a window survives its address', () => {
  assert.deepEqual(windowParams({ from: 12.345678, to: 112.345678 }), { from: '12.346', to: '112.346' });
  const fine = windowOf(windowParams({ from: 5, to: 5.001 }));
  assert.deepEqual(fine, { from: 5, to: 5.001 });
  assert.equal(windowOf({}), null);
  assert.equal(windowOf({ from: '3', to: '2' }), null);
  assert.equal(windowOf({ from: 'x', to: '2' }), null);
});
