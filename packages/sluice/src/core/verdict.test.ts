import { expect, test } from 'vitest';
import type { AttemptEnd } from './attempt.js';
import { DEFAULT_POLICY, type QueuePolicy } from './policy.js';
import { mayHaveArrived, verdictOn } from './verdict.js';

type Answered = Extract<AttemptEnd, { kind: 'answer' }>;

const answered = (status: number, change: Partial<Answered> = {}): AttemptEnd => ({
  kind: 'answer',
  answer: { status, statusText: '', headers: [], bodyOmitted: false },
  keyOutstanding: false,
  ...change,
});

const verdict = (end: AttemptEnd, policy: Partial<QueuePolicy> = {}) =>
  verdictOn(end, { ...DEFAULT_POLICY, ...policy });

test.each([200, 201, 204, 299])('%i is an ack', (status) => {
  expect(verdict(answered(status))).toEqual({ kind: 'ack' });
});

test.each([502, 503, 504])('%i is an outage, for now', (status) => {
  expect(verdict(answered(status))).toMatchObject({ kind: 'nack', outage: true });
});

test.each([408, 425, 500])('%i is tried again, and no outage', (status) => {
  expect(verdict(answered(status))).toMatchObject({ kind: 'nack', outage: false });
});

test.each([401, 407])('%i waits for sign-in', (status) => {
  expect(verdict(answered(status))).toEqual({ kind: 'sign-in' });
});

test.each([409, 412])('%i is a conflict', (status) => {
  expect(verdict(answered(status))).toMatchObject({ kind: 'dead', reason: 'conflict' });
});

test('409 is tried again while the key is still running', () => {
  expect(verdict(answered(409, { keyOutstanding: true }))).toMatchObject({ kind: 'nack', outage: false });
});

test('429 freezes', () => {
  expect(verdict(answered(429))).toEqual({ kind: 'freeze' });
});

test('503 freezes where it says for how long; 403 where it says that the quota is spent', () => {
  expect(verdict(answered(503, { hint: { notBeforeMs: 1000 } }))).toEqual({ kind: 'freeze' });
  expect(verdict(answered(403, { hint: { remaining: 0 } }))).toMatchObject({ kind: 'freeze' });
  expect(verdict(answered(403))).toMatchObject({ kind: 'dead', reason: 'rejected' });
});

test.each([400, 404, 410, 413, 422, 451, 501, 505, 511])('%i is dead, rejected', (status) => {
  expect(verdict(answered(status))).toMatchObject({ kind: 'dead', reason: 'rejected' });
});

test('what the browser hides is unknown, unless it is trusted', () => {
  expect(verdict({ kind: 'hidden', type: 'opaque' })).toMatchObject({ kind: 'dead', reason: 'unknown' });
  expect(verdict({ kind: 'hidden', type: 'opaque' }, { verdicts: { hidden: 'ack' } })).toEqual({
    kind: 'ack',
  });
  expect(verdict(answered(304))).toMatchObject({ kind: 'dead', reason: 'unknown' });
});

test('what never left, or was stopped, goes back to its place', () => {
  expect(verdict({ kind: 'unsent', why: 'late' })).toEqual({ kind: 'give-back' });
  expect(verdict({ kind: 'aborted' })).toEqual({ kind: 'give-back' });
});

test('every status has a verdict', () => {
  for (let status = 100; status < 600; status++) expect(verdict(answered(status)).kind).toBeTruthy();
});

test('a queue may make of an answer what it likes; the exact status goes before its class', () => {
  const policy: Partial<QueuePolicy> = {
    verdicts: { 404: 'ack', '4xx': 'nack', '5xx': 'freeze', timeout: 'dead' },
  };
  expect(verdict(answered(404), policy)).toEqual({ kind: 'ack' });
  expect(verdict(answered(410), policy)).toMatchObject({ kind: 'nack', outage: false });
  expect(verdict(answered(503), policy)).toEqual({ kind: 'freeze' });
  expect(verdict({ kind: 'timeout' }, policy)).toMatchObject({ kind: 'dead', reason: 'rejected' });
  expect(verdict(answered(201), policy)).toEqual({ kind: 'ack' });
});

test('what `expect` made of it goes before any table', () => {
  const judged = { word: 'sign-in', detail: 'a login page' } as const;
  expect(verdict(answered(200, { judged }), { verdicts: { 200: 'dead' } })).toEqual({ kind: 'sign-in' });
});

test.each([200, 202, 204])(
  '%i after a redirect of a write is unknown: it may be the answer to a read',
  (status) => {
    expect(verdict(answered(status, { led: 'within' }))).toMatchObject({ kind: 'dead', reason: 'unknown' });
  },
);

test('201 after a redirect is an ack: a read makes nothing', () => {
  expect(verdict(answered(201, { led: 'within' }))).toEqual({ kind: 'ack' });
});

test('a success of another origin is an outage: a portal has answered, whatever its status', () => {
  expect(verdict(answered(201, { led: 'away' }))).toMatchObject({ kind: 'nack', outage: true });
});

test.each([
  ['its own key', { redirected: 'ack', portal: 'ack' }],
  ['the class of its status', { '2xx': 'ack' }],
  ['its status', { 200: 'ack' }],
] as const)('a queue trusts redirects by %s', (_, verdicts) => {
  expect(verdict(answered(200, { led: 'within' }), { verdicts })).toEqual({ kind: 'ack' });
  expect(verdict(answered(200, { led: 'away' }), { verdicts })).toEqual({ kind: 'ack' });
});

test.each(['redirect', 'integrity'] as const)(
  'what the %s of the request forbids is unknown: no retry can help',
  (by) => {
    expect(verdict({ kind: 'blocked', by, detail: 'x' })).toMatchObject({ kind: 'dead', reason: 'unknown' });
  },
);

test('what the cache does not have was never sent, and is dead', () => {
  expect(verdict({ kind: 'blocked', by: 'cache', detail: 'x' })).toMatchObject({
    kind: 'dead',
    reason: 'rejected',
  });
});

test('an answer that is kept back for want of CORS headers is an outage, and its job is tried slowly', () => {
  const blocked = { kind: 'blocked', by: 'cors', detail: 'x' } as const;
  expect(verdict(blocked)).toMatchObject({ kind: 'nack', outage: true, isSlow: true });
  expect(verdict(blocked, { repeat: 'never' })).toMatchObject({ kind: 'dead', reason: 'unknown' });
  const own = verdict(blocked, { verdicts: { 'network-error': 'outage' } });
  expect(own).toMatchObject({ kind: 'nack', outage: true });
  expect(own).not.toHaveProperty('isSlow');
});

test('a refusal after a redirect is a refusal', () => {
  expect(verdict(answered(404, { led: 'within' }))).toMatchObject({ kind: 'dead', reason: 'rejected' });
  expect(verdict(answered(503, { led: 'away' }))).toMatchObject({ kind: 'nack', outage: true });
});

test.each([
  [{ kind: 'network-error', detail: 'reset' } as const],
  [{ kind: 'timeout' } as const],
  [{ kind: 'aborted' } as const],
  [{ kind: 'split-failed', detail: 'x' } as const],
  [answered(500)],
  [answered(502)],
])('where nothing may be repeated, %j is dead: it may have been done', (end) => {
  expect(verdict(end, { repeat: 'never' })).toMatchObject({ kind: 'dead', reason: 'unknown' });
});

test.each([[answered(429)], [answered(503)], [answered(425)], [{ kind: 'unsent', why: 'late' } as const]])(
  'where nothing may be repeated, %j is sent again: it was not done',
  (end) => {
    expect(['nack', 'freeze', 'give-back']).toContain(verdict(end, { repeat: 'never' }).kind);
  },
);

test.each([
  [answered(500), true],
  [answered(502), true],
  [answered(504), true],
  [answered(520), true],
  [answered(302), true],
  [answered(409, { keyOutstanding: true }), true],
  [answered(200, { judged: { word: 'outage', detail: 'a portal' } }), true],
  [answered(200, { judged: { word: 'dead', detail: 'errors' } }), false],
  [answered(503), false],
  [answered(429), false],
  [answered(401), false],
  [answered(422), false],
  [{ kind: 'hidden', type: 'opaque' } as const, true],
  [{ kind: 'timeout' } as const, true],
  [{ kind: 'unsent', why: 'late' } as const, false],
  [{ kind: 'prepare-failed', detail: 'x' } as const, false],
] as const)('%j leaves a job that may have been done: %j', (end, isDone) => {
  expect(mayHaveArrived(end, verdict(end))).toBe(isDone);
});

test('a status that the queue takes for a request to slow down was not done', () => {
  expect(mayHaveArrived(answered(500), verdict(answered(500), { verdicts: { 500: 'freeze' } }))).toBe(false);
});
