/** Entry of the worker: one answer a request, unless it is cancelled before, and the events of a stream. */
import { Code, ConnectError } from '@connectrpc/connect';

import { isCancelled, isUnreachable, troubleOf } from '../api/errors.ts';
import { setToken } from '../api/token.ts';
import type { WatchQuestion } from '../api/watch.ts';
import type { WatchResponse } from '../gen/parallax/v1/watch_pb.ts';
import { fetchHealth, fetchLive, fetchPicture, fetchPrediction, watchEvents } from './fetch.ts';
import { LivePictures } from './live.ts';
import type { Answers, FromWorker, Request, StreamEnd, ToWorker } from './protocol.ts';

const live = new LivePictures(fetchLive);
const running = new Map<number, AbortController>();

function answer(request: Request, signal: AbortSignal): Promise<Answers[keyof Answers]> {
  switch (request.kind) {
    case 'picture':
      return request.open ? live.picture(request, signal) : fetchPicture(request, signal);
    case 'health':
      return fetchHealth(request, signal);
    case 'prediction':
      return fetchPrediction(request);
  }
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

/** That samples came, without them. */
function withoutSamples(told: WatchResponse): WatchResponse {
  if (told.event.case !== 'points') return told;
  return { ...told, event: { case: 'points', value: { ...told.event.value, channels: [] } } };
}

/** Until the stream ends; null where nothing is wrong. */
async function watch(id: number, question: WatchQuestion, signal: AbortSignal): Promise<StreamEnd | null> {
  live.begin(question.cursor);
  try {
    for await (const told of watchEvents(question, signal)) {
      if (signal.aborted) break;
      live.hear(told);
      post({ id, event: withoutSamples(told) });
    }
    return null;
  } catch (reason) {
    const { code, rawMessage: message } = ConnectError.from(reason);
    return { code: isUnreachable(reason) ? Code.Unavailable : code, message };
  }
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('token' in data) {
    setToken(data.token);
    return;
  }
  if ('cancel' in data) {
    running.get(data.id)?.abort();
    return;
  }
  const { id } = data;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    if ('watch' in data) post({ id, ended: await watch(id, data.watch, controller.signal) });
    else post({ id, answer: await answer(data.request, controller.signal) });
  } catch (reason) {
    post({ id, trouble: troubleOf(reason), cancelled: controller.signal.aborted || isCancelled(reason) });
  } finally {
    running.delete(id);
  }
};
