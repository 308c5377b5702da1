import { expect, test } from 'vitest';
import { benchWith } from './gate.kit.js';

/** A second and its margin, spread over ten. */
const SPACING = 102.5;
const TEN = { rate: { limit: 10, perMs: 1000 } };

const slotOf = (answer: Response): { token: string; ms: number } => {
  const [, token = '', ms = ''] = /^("[^"]+");ms=(\d+)$/.exec(answer.headers.get('sluice-slot') ?? '') ?? [];
  return { token, ms: Number(ms) };
};

test('requests that find an instant soon enough wait for it on the connection', async () => {
  const { ask, sent, platform } = await benchWith({ ...TEN, holdMs: 500 });
  const answers = Array.from({ length: 5 }, (_, n) => ask({ body: String(n) }));
  await platform.advance(500);
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
  expect(sent.map(({ at }) => Math.round(at * 10) / 10)).toEqual([0, 102.5, 205, 307.5, 410]);
});

test('the rest gets numbers, each of its own instant, in the standard fields too', async () => {
  const { ask, platform } = await benchWith({ ...TEN, holdMs: 0 });
  await ask();
  const answers = await Promise.all([ask(), ask(), ask()]);
  const distances = answers.map((answer) => slotOf(answer).ms);
  expect(distances).toEqual([Math.ceil(SPACING), 211, 319]);
  const [first] = answers;
  expect([first?.status, first?.headers.get('retry-after'), first?.headers.get('ratelimit')]).toEqual([
    429,
    '1',
    '"orders";r=0;t=1',
  ]);
  await platform.advance(0);
});

test('a holder that comes at its instant is sent, and others wait for theirs', async () => {
  const { ask, sent, platform } = await benchWith({ ...TEN, holdMs: 0 });
  await ask({ body: 'first' });
  const { token, ms } = slotOf(await ask());
  await platform.advance(ms);
  const holder = await ask({ body: 'holder', headers: { 'sluice-slot': token } });
  const other = await ask({ body: 'other' });
  expect([holder.status, other.status]).toEqual([201, 429]);
  expect(sent.map(({ body }) => body)).toEqual(['first', 'holder']);
});

test('a number that comes early is given again', async () => {
  const { ask, platform } = await benchWith({ rate: { limit: 1, perMs: 10_000 }, holdMs: 0 });
  await ask();
  const first = slotOf(await ask());
  await platform.advance(1000);
  const again = slotOf(await ask({ headers: { 'sluice-slot': first.token } }));
  expect(again).toEqual({ token: first.token, ms: first.ms - 1000 });
});

test('a number that comes too late is worth nothing', async () => {
  const { ask, platform } = await benchWith({ rate: { limit: 1, perMs: 10_000 }, holdMs: 0 });
  await ask();
  const { token, ms } = slotOf(await ask());
  await platform.advance(ms + 5001);
  expect((await ask()).status).toBe(201);
  const late = await ask({ headers: { 'sluice-slot': token } });
  expect([late.status, slotOf(late).token === token]).toEqual([429, false]);
});

test('a number that was used is worth nothing', async () => {
  const { ask, platform } = await benchWith({ rate: { limit: 1, perMs: 1000 }, holdMs: 0 });
  await ask();
  const { token, ms } = slotOf(await ask());
  await platform.advance(ms);
  const headers = { 'sluice-slot': token };
  expect((await ask({ headers })).status).toBe(201);
  const again = await ask({ headers });
  expect([again.status, slotOf(again).token === token]).toEqual([429, false]);
});

test.each([
  ['of another caller', (token: string) => token, 'bob'],
  ['whose instant was changed', (token: string) => token.replace(/^"v1\.[0-9a-z]+/, '"v1.1'), 'ann'],
  ['whose signature was changed', (token: string) => token.replace(/..."$/, '000"'), 'ann'],
  ['that is no number', () => '"nonsense"', 'ann'],
  ['that is no string', () => 'v1.1.1.00', 'ann'],
])('a number %s is worth nothing', async (_, forge, user) => {
  const { ask, platform, sent } = await benchWith({ rate: { limit: 1, perMs: 1000 }, holdMs: 0 });
  await ask({ user: 'ann' });
  const { token, ms } = slotOf(await ask({ user: 'ann' }));
  await platform.advance(ms - 200);
  const forged = await ask({ user, headers: { 'sluice-slot': forge(token) } });
  expect(forged.status).toBe(429);
  expect(sent).toHaveLength(1);
});

test('one caller has a hundred numbers at most, and others still get theirs', async () => {
  const { ask } = await benchWith({ rate: { limit: 1, perMs: 1000 }, holdMs: 0 });
  await ask();
  const answers = await Promise.all(Array.from({ length: 150 }, () => ask({ user: 'greedy' })));
  expect(answers.filter((answer) => answer.headers.has('sluice-slot'))).toHaveLength(100);
  expect((await ask({ user: 'other' })).headers.has('sluice-slot')).toBe(true);
});

test('callers who are not told apart share no cap', async () => {
  const { ask } = await benchWith({ rate: { limit: 1, perMs: 1000 }, holdMs: 0 });
  await ask();
  const answers = await Promise.all(Array.from({ length: 150 }, () => ask()));
  expect(answers.filter((answer) => answer.headers.has('sluice-slot'))).toHaveLength(150);
});

test('no number is given beyond an hour', async () => {
  const { ask } = await benchWith({ rate: { limit: 1, perMs: 3_000_000 }, holdMs: 0 });
  await ask();
  expect((await ask({ user: 'a' })).headers.has('sluice-slot')).toBe(true);
  const beyond = await ask({ user: 'b' });
  expect([beyond.status, beyond.headers.get('retry-after'), beyond.headers.has('sluice-slot')]).toEqual([
    429,
    '60',
    false,
  ]);
});

test('a caller that leaves while it waits is not sent, and its key is free', async () => {
  const { ask, sent, platform } = await benchWith({ ...TEN, holdMs: 500 });
  await ask({ body: 'first' });
  const aborter = new AbortController();
  const left = ask({ key: 'k', signal: aborter.signal });
  await platform.advance(10);
  aborter.abort();
  await platform.advance(500);
  expect((await left).status).toBe(503);
  expect(sent.map(({ body }) => body)).toEqual(['first']);
  expect((await ask({ key: 'k' })).status).toBe(201);
});

test('a rate that is set at run time holds for the next request', async () => {
  const { gate, ask, platform } = await benchWith({ ...TEN, holdMs: 0 });
  await gate.setPolicy('orders', { rate: { limit: 1, perMs: 10_000 } });
  await ask();
  await platform.advance(9000);
  expect((await ask()).status).toBe(429);
  await platform.advance(1251);
  expect((await ask()).status).toBe(201);
});

test('a queue that is paused answers 503, and goes on when it is resumed', async () => {
  const { gate, ask, sent } = await benchWith();
  await gate.pause('orders');
  const answer = await ask({ key: 'k' });
  expect([answer.status, answer.headers.get('retry-after'), (await answer.json()).code]).toEqual([
    503,
    '30',
    'paused',
  ]);
  await gate.resume('orders');
  expect((await ask({ key: 'k' })).status).toBe(201);
  expect(sent).toHaveLength(1);
});

test('a client that knows standard fields alone comes through, by Retry-After', async () => {
  const { ask, sent, platform } = await benchWith({ rate: { limit: 2, perMs: 1000 }, holdMs: 0 });
  const clients = Array.from({ length: 4 }, async (_, n) => {
    let answer = await ask({ key: `client-${n}` });
    while (answer.status === 429) {
      const seconds = Number(answer.headers.get('retry-after'));
      await new Promise<void>((resolve) => platform.after(seconds * 1000, resolve));
      answer = await ask({ key: `client-${n}` });
    }
    return answer.status;
  });
  await platform.advance(10_000);
  expect(await Promise.all(clients)).toEqual([201, 201, 201, 201]);
  expect(sent).toHaveLength(4);
});

test('clients that take no note of their numbers still use the whole rate', async () => {
  const { ask, sent, platform } = await benchWith({ rate: { limit: 100, perMs: 1000 } });
  const until = platform.now() + 1000;
  const client = async (): Promise<void> => {
    while (platform.now() < until) {
      const { status } = await ask();
      if (status === 429) await new Promise<void>((resolve) => platform.after(50, resolve));
    }
  };
  const clients = Array.from({ length: 10 }, client);
  await platform.advance(1000);
  await platform.advance(1000);
  await Promise.all(clients);
  expect(sent.filter(({ at }) => at < 1000).length).toBeGreaterThan(0.95 * 100);
});
