import { expect, test } from 'vitest';
import { heldParts } from './held.js';
import type { Answer } from './job.js';

const response: Answer = {
  status: 201,
  statusText: 'Created',
  headers: [
    ['Content-Type', 'text/plain'],
    ['Content-Encoding', 'gzip'],
    ['Content-Length', '9'],
  ],
  body: new TextEncoder().encode('made').buffer,
  bodyOmitted: false,
};
const ticket = 'orders.1.n';

test('a delivered job is answered by the service, without what was true of the wire alone', () => {
  expect(heldParts({ kind: 'done', ticket, response })).toEqual({
    status: 201,
    statusText: 'Created',
    headers: [['Content-Type', 'text/plain']],
    body: response.body,
  });
});

test('a body that was left out is said to be', () => {
  const { body: _, ...omitted } = { ...response, bodyOmitted: true };
  expect(heldParts({ kind: 'done', ticket, response: omitted })).toMatchObject({
    headers: [
      ['Content-Type', 'text/plain'],
      ['Sluice-Body', 'omitted'],
    ],
    body: null,
  });
});

test('a dead job is answered by the last thing the service said, or else by a problem with its reason', () => {
  const dead = { kind: 'dead', ticket, reason: 'rejected', detail: 'answered 422' } as const;
  expect(heldParts({ ...dead, response: { ...response, status: 422 } })).toMatchObject({ status: 422 });
  expect(heldParts({ ...dead, response: { ...response, status: 999 } })).toMatchObject({ status: 503 });
  const problem = heldParts({ ...dead, reason: 'expired', detail: 'too old' });
  expect(problem).toMatchObject({ status: 503 });
  expect(JSON.parse(problem?.body as string)).toMatchObject({ code: 'dead-expired', detail: 'too old' });
});

test('a cancelled job is a problem, and what nobody can read or knows of leaves the receipt', () => {
  expect(heldParts({ kind: 'cancelled', ticket, reason: 'replaced' })).toMatchObject({ status: 503 });
  expect(heldParts({ kind: 'done', ticket, response: { ...response, status: 0 } })).toBeUndefined();
  expect(heldParts({ kind: 'unknown', ticket })).toBeUndefined();
});
