import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  durationText,
  nsAfter,
  offsetText,
  secondsSince,
  timeText,
  timestampParts,
  unixNs,
} from '../../../client/web/src/base/time.ts';

const NS = 1_756_218_211_000_000_001n; // 2025-08-26 14:23:31.000000001 UTC

test('a time carries its zone', () => {
  assert.equal(timeText(NS, 'utc'), '2025-08-26 14:23:31 UTC');
  const zone = process.env['TZ'];
  try {
    process.env['TZ'] = 'Asia/Kolkata';
    assert.equal(timeText(NS, 'local'), '2025-08-26 19:53:31 +0530');
    process.env['TZ'] = 'America/Denver';
    assert.equal(timeText(NS, 'local'), '2025-08-26 08:23:31 -0600');
    assert.equal(offsetText(new Date('2025-01-01T00:00:00Z'), 'local'), '-0700');
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('no nanosecond is lost between forms', () => {
  const { seconds, nanos } = timestampParts(NS);
  assert.deepEqual([seconds, nanos], [1_756_218_211n, 1]);
  const before1970 = timestampParts(-1n);
  assert.deepEqual([before1970.seconds, before1970.nanos], [-1n, 999_999_999]);
  assert.equal(unixNs({ $typeName: 'google.protobuf.Timestamp', seconds, nanos }), NS);
  assert.equal(nsAfter(NS, 0.25), NS + 250_000_000n);
  assert.equal(secondsSince(NS, NS + 1_500_000_000n), 1.5);
});

test('a duration is told to two digits', () => {
  assert.equal(durationText(3.21), '3.2 s');
  assert.equal(durationText(42), '42 s');
  assert.equal(durationText(720), '12 min');
  assert.equal(durationText(45_994), '13 h');
  assert.equal(durationText(400_000), '5 d');
});
