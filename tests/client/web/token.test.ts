import assert from 'node:assert/strict';
import { test } from 'node:test';

import { currentToken, keepToken, mayBeToken, restoreToken, setToken, showToken } from '../../../client/web/src/api/token.ts';

class Session {
  readonly kept = new Map<string, string>();
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

async function headersOfACall(): Promise<Headers> {
  const request = { header: new Headers() };
  await showToken(async (asked) => asked as never)(request as never);
  return request.header;
}

test('a token is shown with every call, and only where there is one', async () => {
  setToken('');
  assert.equal((await headersOfACall()).get('authorization'), null);
  setToken('parallax_1_s');
  assert.equal((await headersOfACall()).get('authorization'), 'Bearer parallax_1_s');
});

test('a session keeps it until it is forgotten', () => {
  const session = new Session() as unknown as Storage;
  keepToken('parallax_1_s', session);
  setToken('');
  restoreToken(session);
  assert.equal(currentToken(), 'parallax_1_s');
  keepToken('', session);
  restoreToken(session);
  assert.equal(currentToken(), '');
});

test('what no header can hold is no token', () => {
  for (const text of ['', 'a b', 'a\n', 'é', 'x'.repeat(257)]) assert.equal(mayBeToken(text), false, text);
  assert.equal(mayBeToken('parallax_0123456789abcdef_' + 'A'.repeat(43)), true);
});
