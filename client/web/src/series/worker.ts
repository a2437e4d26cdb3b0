/** Entry of the worker: one answer a request, unless it is cancelled before. */
import { isCancelled, troubleOf } from '../api/errors.ts';
import { fetchHealth, fetchPicture, fetchPrediction } from './fetch.ts';
import type { Answers, FromWorker, Request, ToWorker } from './protocol.ts';

const running = new Map<number, AbortController>();

function answer(request: Request, signal: AbortSignal): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'picture':
      return fetchPicture(request, signal);
    case 'health':
      return fetchHealth(request, signal);
    case 'prediction':
      return fetchPrediction(request);
  }
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('cancel' in data) {
    running.get(data.id)?.abort();
    return;
  }
  const { id, request } = data;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    post({ id, answer: await answer(request, controller.signal) });
  } catch (reason) {
    post({ id, trouble: troubleOf(reason), cancelled: controller.signal.aborted || isCancelled(reason) });
  } finally {
    running.delete(id);
  }
};
