import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Limiter, Memory } from '../../../client/web/src/series/limiter.ts';
import { throttle } from '../../../client/web/src/series/throttle.ts';

test('no more tasks run at once than allowed, and all of them run', async () => {
  const limiter = new Limiter(2);
  let running = 0;
  let most = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    await Promise.resolve();
    running -= 1;
    return 1;
  };
  const done = await Promise.all(Array.from({ length: 9 }, () => limiter.run(task)));
  assert.equal(done.length, 9);
  assert.equal(most, 2);
});

test('a task that fails makes room for the next', async () => {
  const limiter = new Limiter(1);
  await assert.rejects(limiter.run(() => Promise.reject(new Error('no'))));
  assert.equal(await limiter.run(() => Promise.resolve(7)), 7);
});

test('an answer is remembered until newer ones take its place; a failure is not', async () => {
  const memory = new Memory<number>(2);
  let made = 0;
  const make = () => Promise.resolve((made += 1));
  assert.equal(await memory.get('a', 'v1', make), 1);
  assert.equal(await memory.get('a', 'v1', make), 1);
  await memory.get('b', 'v1', make);
  await memory.get('a', 'v1', make);
  await memory.get('c', 'v1', make);
  assert.equal(await memory.get('a', 'v1', make), 1, 'used again before c came');
  assert.equal(await memory.get('b', 'v1', make), 4, 'the longest unused gave way');
  await assert.rejects(memory.get('d', 'v1', () => Promise.reject(new Error('away'))));
  assert.equal(await memory.get('d', 'v1', () => Promise.resolve(9)), 9);
});

test('of each key the newest version is kept, and no other takes its room', async () => {
  const memory = new Memory<string>(2);
  const make = (text: string) => () => Promise.resolve(text);
  await memory.get('b', 'v1', make('b1'));
  for (const version of ['v1', 'v2', 'v3']) {
    assert.equal(await memory.get('a', version, make(version)), version);
  }
  assert.equal(await memory.get('b', 'v1', make('again')), 'b1');
  assert.equal(await memory.get('a', 'v1', make('anew')), 'anew');
});

test('a redraw happens at once, then at most ten times a second, and never gets lost', () => {
  let waiting: (() => void) | null = null;
  const timers = {
    start: (run: () => void, ms: number) => {
      assert.equal(ms, 100);
      assert.equal(waiting, null, 'one timer at a time');
      return (waiting = run);
    },
    stop: () => (waiting = null),
  };
  const elapse = () => {
    const run = waiting;
    waiting = null;
    run?.();
  };
  let drawn = 0;
  const redraw = throttle(() => (drawn += 1), 100, timers);
  redraw();
  assert.equal(drawn, 1);
  for (let i = 0; i < 50; i += 1) redraw();
  assert.equal(drawn, 1);
  elapse();
  assert.equal(drawn, 2);
  elapse();
  assert.equal(drawn, 2, 'nothing was asked for since');
  redraw();
  assert.equal(drawn, 3);
  redraw();
  redraw.stop();
  elapse();
  assert.equal(drawn, 3);
});
