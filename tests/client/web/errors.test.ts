import assert from 'node:assert/strict';
import { test } from 'node:test';

import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

import {
  codeName,
  isCancelled,
  isUnreachable,
  troubleOf,
  TroubleError,
} from '../../../client/web/src/api/errors.ts';
import { ErrorDetailSchema } from '../../../client/web/src/gen/parallax/v1/error_pb.ts';

test('codes have the names of the command line', () => {
  assert.equal(codeName(Code.InvalidArgument), 'INVALID_ARGUMENT');
  assert.equal(codeName(Code.NotFound), 'NOT_FOUND');
  assert.equal(codeName(Code.Canceled), 'CANCELED');
});

test('a detail of the wire is told with its field, value, bound and next step', () => {
  const error = new ConnectError('unit "degC" is not a UCUM code', Code.InvalidArgument);
  const detail = { field: 'rig.unit', value: 'degC', bound: 'a UCUM code', nextStep: 'did you mean "Cel"?' };
  error.details.push({
    type: ErrorDetailSchema.typeName,
    value: toBinary(ErrorDetailSchema, create(ErrorDetailSchema, detail)),
  });
  assert.deepEqual(troubleOf(error), {
    code: 'INVALID_ARGUMENT',
    message: 'unit "degC" is not a UCUM code',
    details: [detail],
  });
});

test('no answer, an answer that something is wrong, and an end asked for are told apart', () => {
  const noAnswer = ConnectError.from(new TypeError('Failed to fetch'));
  assert.ok(isUnreachable(noAnswer));
  assert.equal(troubleOf(noAnswer).code, 'UNAVAILABLE');
  const notFound = new ConnectError('no rig "x"', Code.NotFound);
  assert.ok(!isUnreachable(notFound));
  assert.ok(!isCancelled(notFound));
  assert.ok(isCancelled(new DOMException('cancelled', 'AbortError')));
  const trouble = troubleOf(notFound);
  assert.deepEqual(troubleOf(new TroubleError(trouble)), trouble);
});
