import { BASE } from '../contexts.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { answer, enqueueAll, first, submitOne, submitTwo, tryAgain } from './parts.ts';

/** What the service may make of a send. */
export const OF_SERVICE: readonly Scenario[] = [
  { name: 'one job', jobs: 1, script: submitOne },
  { name: 'two jobs', jobs: 2, script: submitTwo },
  { name: 'a service that fails once', jobs: 1, service: first(1, answer(503)), script: submitOne },
  {
    name: 'an answer that is lost',
    jobs: 1,
    service: first(1, { kind: 'lose-answer' }),
    script: submitOne,
  },
  {
    name: 'an answer that never comes',
    jobs: 1,
    queue: { timeoutMs: 3000 },
    service: first(1, { kind: 'hang' }),
    script: submitOne,
  },
  { name: 'a request that is lost', jobs: 1, service: first(1, { kind: 'drop' }), script: submitOne },
  {
    name: 'a service that asks for quiet',
    jobs: 2,
    quietMs: 3000,
    service: first(1, answer(429, { 'Retry-After': '3' })),
    script: submitTwo,
  },
  {
    name: 'a service that is gone for six sends',
    jobs: 2,
    service: first(6, answer(503)),
    script: submitTwo,
  },
  {
    name: 'a service that knows keys, and whose answer is lost',
    jobs: 2,
    dedupes: true,
    service: first(1, { kind: 'lose-answer' }),
    script: submitTwo,
  },
  {
    name: 'a service that knows keys, and is too slow',
    jobs: 1,
    dedupes: true,
    queue: { timeoutMs: 3000, maxAttempts: 8 },
    service: () => ({ ...answer(200), ms: 5000 }),
    script: submitOne,
  },
  {
    name: 'a request that is refused',
    jobs: 2,
    mayDie: true,
    service: (_n, body) => (body === 'a' ? answer(422) : answer(200)),
    script: submitTwo,
  },
  {
    name: 'a write that is redirected to a page',
    jobs: 2,
    mayDie: true,
    service: first(1, { ...answer(200), redirectedTo: `${BASE}login` }),
    script: submitTwo,
  },
  {
    name: 'a write that is redirected to a portal',
    jobs: 2,
    service: first(6, { ...answer(200), redirectedTo: 'https://portal.test/' }),
    script: submitTwo,
  },
  {
    name: 'the network first, and a redirect to a portal',
    jobs: 1,
    queue: { mode: 'network-first' },
    service: first(1, { ...answer(200), redirectedTo: 'https://portal.test/' }),
    script: submitOne,
  },
  {
    name: 'nobody is signed in',
    jobs: 1,
    service: first(1, answer(401)),
    script: submitOne,
    heal: tryAgain,
  },
  {
    name: 'nothing is repeated',
    jobs: 1,
    mayDie: true,
    neverRepeats: true,
    queue: { repeat: 'never' },
    script: submitOne,
  },
  {
    name: 'nothing is repeated, and the service worker sends',
    jobs: 1,
    mayDie: true,
    neverRepeats: true,
    queue: { repeat: 'never' },
    isWorkerMissing: true,
    script: submitOne,
  },
  {
    name: 'three jobs at once',
    jobs: 3,
    queue: { rate: { limit: 20, perMs: 1000, burst: 20 } },
    service: () => ({ ...answer(200), ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
    },
  },
  {
    name: 'a job that always fails',
    jobs: 2,
    mayDie: true,
    queue: { backoff: { baseMs: 100, maxMs: 1000 } },
    service: (_n, body) => (body === 'a' ? answer(500) : answer(200)),
    script: submitTwo,
  },
  {
    name: 'poison groups: eight jobs that always fail as in an outage, and three behind them',
    jobs: 3,
    queue: { maxAttempts: 8 },
    service: (_n, body) => (body.startsWith('poison') ? { kind: 'drop' } : answer(200)),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await enqueueAll(stage, tab, [...Array.from({ length: 8 }, (_, i) => `poison${i}`), 'a', 'b', 'c']);
      const enqueuedAt = stage.universe.timeline.now;
      await stage.after(LATE_MS);
      stage.promises.push(() => lateBehindPoison(stage, enqueuedAt));
    },
    heal: async ({ service }) => {
      service.behaviour = () => answer(200);
    },
  },
  {
    name: 'the service is gone for three minutes',
    jobs: 1,
    scriptMs: 200_000,
    script: async (stage) => {
      stage.service.isDown = true;
      await submitOne(stage);
      await stage.after(180_000);
      stage.service.isDown = false;
    },
  },
];

/** The pause before the first probe, and a slow start. */
const LATE_MS = 30_000;

function lateBehindPoison({ service, universe }: Stage, enqueuedAt: number): string | undefined {
  if (universe.strikes > 0) return undefined;
  const good = service.arrivals.filter(({ body }) => !body.startsWith('poison'));
  const onTime = good.filter(({ sentAt }) => sentAt < enqueuedAt + LATE_MS);
  return onTime.length < 3 ? `${onTime.length} of 3 were sent within ${LATE_MS} ms` : undefined;
}
