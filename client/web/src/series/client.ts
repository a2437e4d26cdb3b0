/** The page's side of the worker. */
import { Code, ConnectError } from '@connectrpc/connect';

import { TroubleError } from '../api/errors.ts';
import { currentToken } from '../api/token.ts';
import type { WatchQuestion } from '../api/watch.ts';
import type { WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import type { Answers, FromWorker, Request, ToWorker } from './protocol.ts';

interface Waiting {
  resolve: (answer: never) => void;
  reject: (reason: unknown) => void;
}

/** Told the events of a stream, and then once how it ended. */
interface Listener {
  event: (event: WatchResponse) => void;
  ended: (reason: ConnectError | null) => void;
}

let worker: Worker | null = null;
let nextId = 0;
const waiting = new Map<number, Waiting>();
const listening = new Map<number, Listener>();

function hear(message: FromWorker): void {
  const listener = listening.get(message.id);
  if ('event' in message) {
    listener?.event(message.event);
    return;
  }
  if ('ended' in message) {
    const { ended } = message;
    listener?.ended(ended === null ? null : new ConnectError(ended.message, ended.code));
    return;
  }
  const asker = waiting.get(message.id);
  waiting.delete(message.id);
  if (asker === undefined) return;
  if ('answer' in message) asker.resolve(message.answer as never);
  else asker.reject(message.cancelled ? new DOMException('cancelled', 'AbortError') : new TroubleError(message.trouble));
}

function start(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  started.onerror = (event) => {
    const reason = new TroubleError({ code: 'INTERNAL', message: event.message, details: [] });
    for (const asker of waiting.values()) asker.reject(reason);
    waiting.clear();
    for (const listener of listening.values()) listener.ended(new ConnectError(event.message, Code.Internal));
    started.terminate();
    worker = null;
  };
  if (currentToken() !== '') started.postMessage({ token: currentToken() } satisfies ToWorker);
  return started;
}

/**
 * Answers with what the worker fetched. Rejects with a TroubleError, or with an AbortError after
 * `signal` was aborted.
 */
export function ask<R extends Request>(request: R, signal: AbortSignal): Promise<Answers[R['kind']]> {
  worker ??= start();
  const to = worker;
  nextId += 1;
  const id = nextId;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new DOMException('cancelled', 'AbortError'));
      return;
    }
    const cancel = () => {
      if (!waiting.delete(id)) return;
      to.postMessage({ id, cancel: true } satisfies ToWorker);
      reject(new DOMException('cancelled', 'AbortError'));
    };
    // A signal outlives the questions of a view that asks again and again.
    const settled = () => signal.removeEventListener('abort', cancel);
    waiting.set(id, {
      resolve: (answer) => {
        settled();
        resolve(answer);
      },
      reject: (reason) => {
        settled();
        reject(reason);
      },
    });
    signal.addEventListener('abort', cancel, { once: true });
    to.postMessage({ id, request } satisfies ToWorker);
  });
}

/** A stream of Watch that the worker reads; events about samples come without them. */
export async function* watchStream(question: WatchQuestion, signal: AbortSignal): AsyncGenerator<WatchResponse> {
  worker ??= start();
  const to = worker;
  nextId += 1;
  const id = nextId;
  let told: WatchResponse[] = [];
  let end: { reason: ConnectError | null } | null = null;
  let wake = () => {};
  const ended = (reason: ConnectError | null) => {
    end ??= { reason };
    wake();
  };
  const cancel = () => {
    to.postMessage({ id, cancel: true } satisfies ToWorker);
    ended(new ConnectError('the page ended the stream', Code.Canceled));
  };
  listening.set(id, {
    event: (event) => {
      told.push(event);
      wake();
    },
    ended,
  });
  signal.addEventListener('abort', cancel, { once: true });
  try {
    to.postMessage({ id, watch: { ...question } } satisfies ToWorker);
    for (;;) {
      const now = told;
      told = [];
      yield* now;
      if (told.length > 0) continue;
      const last = end as { reason: ConnectError | null } | null;
      if (last?.reason) throw last.reason;
      if (last !== null) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    listening.delete(id);
  }
}
