import { expect, test } from 'vitest';
import { heldParts } from './held.js';
import type { HeaderPairs } from './job.js';
import type { Answered, Outcome } from './views.js';

const response: Answered = {
  status: 201,
  statusText: 'Created',
  headers: [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '4'],
  ],
  body: new TextEncoder().encode('made').buffer,
  bodyOmitted: false,
  url: 'https://app.test/api/orders',
  redirected: false,
};
const ticket = 'orders.1.n';
const done = (change: Partial<Answered>): Outcome => ({
  kind: 'done',
  ticket,
  response: { ...response, ...change },
});

test('a delivered job is answered by the service, with all of its headers', () => {
  const { status, statusText, headers, body } = response;
  expect(heldParts(done({}))).toEqual({ kind: 'answered', parts: { status, statusText, headers, body } });
});

test('a body that was decoded has lost its encoding and its length', () => {
  const headers: HeaderPairs = [...response.headers, ['Content-Encoding', 'gzip']];
  expect(heldParts(done({ headers }))?.parts.headers).toEqual([['Content-Type', 'text/plain']]);
});

test('the answer to HEAD keeps the length and the encoding that GET would have', () => {
  const { body: _, ...head } = response;
  const headers: HeaderPairs = [...response.headers, ['Content-Encoding', 'gzip']];
  const outcome: Outcome = { kind: 'done', ticket, response: { ...head, headers } };
  expect(heldParts(outcome)?.parts.headers).toEqual(headers);
});

test('a body that was left out is said to be', () => {
  const { body: _, ...omitted } = { ...response, bodyOmitted: true };
  expect(heldParts({ kind: 'done', ticket, response: omitted })?.parts).toMatchObject({
    headers: [
      ['Content-Type', 'text/plain'],
      ['Sluice-Body', 'omitted'],
    ],
    body: null,
  });
});

test('a dead job is answered by the last thing the service said, or else by a problem with its reason and its ticket', () => {
  const dead = { kind: 'dead', ticket, reason: 'rejected', detail: 'answered 422' } as const;
  expect(heldParts({ ...dead, response: { ...response, status: 422 } })).toMatchObject({
    kind: 'answered',
    parts: { status: 422 },
  });
  expect(heldParts({ ...dead, response: { ...response, status: 999 } })).toMatchObject({
    kind: 'undelivered',
  });
  const held = heldParts({ ...dead, reason: 'expired', detail: 'too old' });
  expect(held).toMatchObject({ kind: 'undelivered', parts: { status: 503 } });
  expect(held?.parts.headers).toContainEqual(['Sluice-Ticket', ticket]);
  expect(JSON.parse(held?.parts.body as string)).toMatchObject({ code: 'dead-expired', detail: 'too old' });
});

test.each(['unknown', 'attempts', 'expired', 'orphaned'] as const)(
  'a dead job (%s) is not answered by a 2xx: a login page or a portal would pass for a success',
  (reason) => {
    const dead = { kind: 'dead', ticket, reason, detail: 'x' } as const;
    expect(heldParts({ ...dead, response })).toMatchObject({ kind: 'undelivered' });
    expect(heldParts({ ...dead, response: { ...response, status: 500 } })).toMatchObject({
      kind: 'answered',
    });
  },
);

test('a 2xx that the queue itself has refused is the answer of the service all the same', () => {
  const refused = { kind: 'dead', ticket, reason: 'rejected', detail: 'x', response } as const;
  expect(heldParts(refused)).toMatchObject({ kind: 'answered', parts: { status: 201 } });
});

test('a cancelled job is a problem, and an answer that cannot be read or a job that is not known leaves the receipt', () => {
  expect(heldParts({ kind: 'cancelled', ticket, reason: 'replaced' })).toMatchObject({ kind: 'undelivered' });
  expect(heldParts(done({ status: 0 }))).toBeUndefined();
  expect(heldParts({ kind: 'unknown', ticket })).toBeUndefined();
});
