/** The page's side of the worker. */
import { TroubleError } from '../api/errors.ts';
import type { Answers, FromWorker, Request, ToWorker } from './protocol.ts';

interface Waiting {
  resolve: (answer: never) => void;
  reject: (reason: unknown) => void;
}

let worker: Worker | null = null;
let nextId = 0;
const waiting = new Map<number, Waiting>();

function start(): Worker {
  const started = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    const asker = waiting.get(data.id);
    waiting.delete(data.id);
    if (asker === undefined) return;
    if ('answer' in data) asker.resolve(data.answer as never);
    else asker.reject(data.cancelled ? new DOMException('cancelled', 'AbortError') : new TroubleError(data.trouble));
  };
  started.onerror = (event) => {
    const reason = new TroubleError({ code: 'INTERNAL', message: event.message, details: [] });
    for (const asker of waiting.values()) asker.reject(reason);
    waiting.clear();
    started.terminate();
    worker = null;
  };
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
    waiting.set(id, { resolve: resolve as (answer: never) => void, reject });
    signal.addEventListener('abort', () => {
      if (!waiting.delete(id)) return;
      to.postMessage({ id, cancel: true } satisfies ToWorker);
      reject(new DOMException('cancelled', 'AbortError'));
    }, { once: true });
    to.postMessage({ id, request } satisfies ToWorker);
  });
}
