import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tallyQuality, unpackQuality } from '../../../client/web/src/series/quality.ts';

test('a byte holds level and reason as core/signal/quality.h packs them', () => {
  assert.deepEqual(unpackQuality(0x00), { level: 'good', reason: 'NONE' });
  assert.deepEqual(unpackQuality(0x22), { level: 'bad', reason: 'SPIKE' });
  assert.deepEqual(unpackQuality(0x13), { level: 'uncertain', reason: 'STUCK' });
  assert.deepEqual(unpackQuality(0x1a), { level: 'uncertain', reason: 'SWAPPED' });
});

test('what this page does not know is not taken for good', () => {
  assert.deepEqual(unpackQuality(0x3f), { level: 'bad', reason: 'REASON_15' });
});

test('a tally counts every byte once by level, and by reason where there is one', () => {
  const bytes = Uint8Array.of(0x00, 0x00, 0x22, 0x22, 0x13, 0x26, 0x06);
  assert.deepEqual(tallyQuality(bytes), {
    good: 3,
    uncertain: 1,
    bad: 3,
    reasons: { SPIKE: 2, STUCK: 1, DUPLICATE: 2 },
  });
});
