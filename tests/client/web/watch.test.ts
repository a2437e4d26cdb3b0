import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

import { covers, subjectOf, Watch, type WatchQuestion } from '../../../client/web/src/api/watch.ts';
import { WatchDetail, WatchResponseSchema, type WatchResponse } from '../../../client/web/src/gen/parallax/v1/watch_pb.ts';

const TIMES = { retry: 1, silence: 1_000 };

const caughtUp = (cursor: string) =>
  create(WatchResponseSchema, { cursor, event: { case: 'caughtUp', value: {} } });
const runAt = (cursor: string, name: string) =>
  create(WatchResponseSchema, { cursor, event: { case: 'run', value: { name } } });

/** A daemon that answers each question with the next of `scripts`, and then says nothing more. */
function scripted(scripts: (WatchResponse | ConnectError)[][]) {
  const asked: WatchQuestion[] = [];
  const stream = async function* (question: WatchQuestion, signal: AbortSignal) {
    asked.push({ ...question });
    for (const one of scripts[asked.length - 1] ?? []) {
      if (one instanceof ConnectError) throw one;
      yield one;
    }
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new ConnectError('gone', Code.Canceled)), { once: true });
    });
  };
  return { asked, stream };
}

const reachLog = () => {
  const said: string[] = [];
  return { said, reach: { answered: () => said.push('answered'), missed: () => said.push('missed') } };
};

async function settled(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(holds());
}

const kinds = (events: (WatchResponse | null)[]) => events.map((event) => event?.event.case ?? 'all');

test('views that come in one go share a stream of their names and the greatest detail', async () => {
  const { asked, stream } = scripted([[caughtUp('a.1')]]);
  const watch = new Watch(stream, reachLog().reach, TIMES);
  const told = () => undefined;
  const stops = [
    watch.add({ names: ['rigs/b', 'rigs/a'], detail: WatchDetail.STATE, told }),
    watch.add({ names: ['rigs/a'], detail: WatchDetail.POINTS, told }),
  ];
  await settled(() => asked.length === 1);
  assert.deepEqual(asked[0], { names: ['rigs/a', 'rigs/b'], detail: WatchDetail.POINTS, cursor: '' });
  stops.forEach((stop) => stop());
});

test('who watches is told what it named, and that all may be another once the stream caught up', async () => {
  const script = [runAt('', 'rigs/a/runs/0'), caughtUp('a.1'), runAt('a.2', 'rigs/a/runs/1'), runAt('a.3', 'rigs/b/runs/1')];
  const { stream } = scripted([script]);
  const watch = new Watch(stream, reachLog().reach, TIMES);
  const first: (WatchResponse | null)[] = [];
  const second: (WatchResponse | null)[] = [];
  const stops = [
    watch.add({ names: ['rigs/a'], detail: WatchDetail.STATE, told: (event) => first.push(event) }),
    watch.add({ names: ['rigs/b/runs/1'], detail: WatchDetail.STATE, told: (event) => second.push(event) }),
  ];
  await settled(() => second.length === 2);
  assert.deepEqual(kinds(first), ['all', 'run']);
  assert.deepEqual(kinds(second), ['all', 'run']);
  stops.forEach((stop) => stop());
});

test('what was detected before the stream caught up is told, since no call answers it', async () => {
  const detected = create(WatchResponseSchema, { event: { case: 'detection', value: { run: 'rigs/a/runs/0' } } });
  const { stream } = scripted([[runAt('', 'rigs/a/runs/0'), detected, caughtUp('a.1')]]);
  const watch = new Watch(stream, reachLog().reach, TIMES);
  const told: (WatchResponse | null)[] = [];
  const stop = watch.add({ names: ['rigs/a/runs/0'], detail: WatchDetail.HEALTH, told: (event) => told.push(event) });
  await settled(() => told.length === 2);
  assert.deepEqual(kinds(told), ['detection', 'all']);
  stop();
});

test('a lost stream goes on from its cursor, and anew where that is not known any more', async () => {
  const { asked, stream } = scripted([
    [caughtUp('a.1'), new ConnectError('gone', Code.Unavailable)],
    [new ConnectError('no such cursor', Code.OutOfRange)],
    [caughtUp('b.1')],
  ]);
  const { said, reach } = reachLog();
  const watch = new Watch(stream, reach, TIMES);
  const told: (WatchResponse | null)[] = [];
  const stop = watch.add({ names: ['rigs/-'], detail: WatchDetail.STATE, told: (event) => told.push(event) });
  await settled(() => told.length === 2);
  assert.deepEqual(asked.map(({ cursor }) => cursor), ['', 'a.1', '']);
  assert.deepEqual(said, ['answered', 'missed', 'answered']);
  stop();
});

test('a stream that says nothing for too long is lost', async () => {
  const { asked, stream } = scripted([[caughtUp('a.1')], [caughtUp('a.1')]]);
  const { said, reach } = reachLog();
  const watch = new Watch(stream, reach, { retry: 1, silence: 20 });
  const stop = watch.add({ names: ['rigs/-'], detail: WatchDetail.STATE, told: () => undefined });
  await settled(() => asked.length === 2);
  assert.deepEqual(said.slice(0, 2), ['answered', 'missed']);
  stop();
});

test('without a view there is no stream', async () => {
  let open = 0;
  const stream = async function* (_: WatchQuestion, signal: AbortSignal): AsyncIterable<WatchResponse> {
    open += 1;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    open -= 1;
    yield* [];
  };
  const watch = new Watch(stream, reachLog().reach, TIMES);
  const stop = watch.add({ names: ['jobs/-'], detail: WatchDetail.STATE, told: () => undefined });
  await settled(() => open === 1);
  stop();
  await settled(() => open === 0);
});

test('names cover what is under them', () => {
  const run = { name: 'rigs/a/runs/1', rig: 'rigs/a' };
  const job = { name: 'jobs/j1', rig: 'rigs/a' };
  const set = { name: 'rigs/a/parameterSets/3', rig: 'rigs/a' };
  assert.deepEqual(subjectOf(runAt('', run.name)), run);
  assert.ok(covers('rigs/-', run) && covers('rigs/a', run) && covers('rigs/a/runs/1', run));
  assert.ok(!covers('rigs/b', run) && !covers('rigs/a/runs/2', run) && !covers('rigs/a/parameterSets', run));
  assert.ok(covers('rigs/a', job) && covers('jobs/-', job) && !covers('jobs/-', run));
  assert.ok(covers('rigs/a/parameterSets', set) && !covers('rigs/b/parameterSets', set));
});
