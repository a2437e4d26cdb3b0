/**
 * The token that this page shows the daemon, where that asks for one. It is kept in memory and in the
 * browser's session, so that a reload need not ask again and another tab has to; never in the address, and
 * never where it outlives the tab. The page's main thread and its worker hold one each.
 */
import type { Interceptor } from '@connectrpc/connect';

const KEY = 'parallax-token';

let token = '';

/** From now on; empty: none. */
export function setToken(value: string): void {
  token = value;
}

export function currentToken(): string {
  return token;
}

/** Whether a text could be one: what is not printable ASCII no header can hold. */
export function mayBeToken(text: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(text);
}

/** What the session has kept, if anything. */
export function restoreToken(session: Storage): void {
  token = session.getItem(KEY) ?? '';
}

/** Keeps `value` for the session; empty: forgets it. */
export function keepToken(value: string, session: Storage): void {
  setToken(value);
  if (value === '') session.removeItem(KEY);
  else session.setItem(KEY, value);
}

export const showToken: Interceptor = (next) => (request) => {
  if (token !== '') request.header.set('authorization', `Bearer ${token}`);
  return next(request);
};
