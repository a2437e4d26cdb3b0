import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  confidence,
  count,
  enumerate,
  figure,
  percentNumber,
  spellUnit,
  unitSuffix,
} from '../../../client/web/src/base/text.ts';

test('a figure has its significant digits and no trailing zeros, as "%.4g" prints it', () => {
  assert.equal(figure(0.628), '0.628');
  assert.equal(figure(21.2), '21.2');
  assert.equal(figure(50.426211728900576), '50.43');
  assert.equal(figure(100), '100');
  assert.equal(figure(12345), '1.234e+04');
  assert.equal(figure(12355), '1.236e+04');
  assert.equal(figure(2.5, 1), '2');
  assert.equal(figure(-0.125, 2), '-0.12');
  assert.equal(figure(65653821.85), '6.565e+07');
  assert.equal(figure(0.00012345), '0.0001234');
  assert.equal(figure(0.000012), '1.2e-05');
  assert.equal(figure(-0.5088143883898422, 8), '-0.50881439');
  assert.equal(figure(9999.9), '1e+04');
  assert.equal(figure(0), '0');
  assert.equal(figure(null), '-');
  assert.equal(figure(NaN), '-');
  assert.equal(figure(Infinity), 'inf');
});

test('a share in percent is rounded away from zero at halves and never "-0"', () => {
  assert.equal(percentNumber(0.94), '94');
  assert.equal(percentNumber(-0.54), '-54');
  assert.equal(percentNumber(0.125), '13');
  assert.equal(percentNumber(-0.125), '-13');
  assert.equal(percentNumber(-0.001), '0');
  assert.equal(percentNumber(null), '-');
});

test('what rounds to certainty is not called certain', () => {
  assert.equal(confidence(0.9951), 'over 99\u00a0%');
  assert.equal(confidence(0.95), '95\u00a0%');
});

test('lists read as sentences do', () => {
  assert.equal(enumerate([]), 'nothing that has a name');
  assert.equal(enumerate(['U']), 'U');
  assert.equal(enumerate(['U', 'eps', 'Ta_offset']), 'U, eps and Ta_offset');
});

test('only the micro prefix of a length is spelt', () => {
  assert.equal(spellUnit('um/s'), 'µm/s');
  assert.equal(spellUnit('um'), 'µm');
  assert.equal(spellUnit('umol'), 'umol');
  assert.equal(unitSuffix('1'), '');
  assert.equal(unitSuffix('K'), ' K');
});

test('counts are grouped by thousands', () => {
  assert.equal(count(136500n), '136\u202f500');
  assert.equal(count(999), '999');
});
