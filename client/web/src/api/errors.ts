/** What went wrong, as a person can act on it. */
import { Code, ConnectError } from '@connectrpc/connect';

import { ErrorDetailSchema } from '../gen/parallax/v1/error_pb.ts';

/** Plain data, so that it crosses from a worker. */
export interface Trouble {
  /** Name of the canonical status code: "NOT_FOUND". */
  code: string;
  message: string;
  /** What exactly is wrong; empty texts where the daemon names nothing. */
  details: { field: string; value: string; bound: string; nextStep: string }[];
}

/** A trouble as it is thrown, where it comes from the worker. */
export class TroubleError extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble.message);
  }
}

/** The name of a status code as the command line writes it. */
export function codeName(code: Code): string {
  return (Code[code] ?? `Code${code}`).replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}

export function troubleOf(reason: unknown): Trouble {
  if (reason instanceof TroubleError) return reason.trouble;
  const error = ConnectError.from(reason);
  return {
    code: isUnreachable(error) ? 'UNAVAILABLE' : codeName(error.code),
    message: isUnreachable(error) ? 'The daemon does not answer.' : error.rawMessage,
    details: error
      .findDetails(ErrorDetailSchema)
      .map(({ field, value, bound, nextStep }) => ({ field, value, bound, nextStep })),
  };
}

/** Whether the page asked for the end of the call itself. */
export function isCancelled(reason: unknown): boolean {
  return ConnectError.from(reason, Code.Unknown).code === Code.Canceled;
}

/** Whether the daemon wants to know who asks. */
export function isUnauthenticated(reason: unknown): boolean {
  return ConnectError.from(reason).code === Code.Unauthenticated;
}

/** Whether no answer came at all; a browser's fetch says so by a TypeError. */
export function isUnreachable(reason: unknown): boolean {
  const error = ConnectError.from(reason);
  return error.code === Code.Unavailable || error.cause instanceof TypeError;
}
