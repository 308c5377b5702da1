import type { Scenario } from '../scenario.ts';
import { answer, first, submitTwo, twoTabs } from './parts.ts';

/** What a page hears besides its receipt: the service's own answer, or how a job ended. */
export const OF_ANSWERS: readonly Scenario[] = [
  {
    name: 'an answer is held back',
    jobs: 2,
    queue: { respond: 'hold' },
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: submitTwo,
  },
  {
    name: 'an answer that was held back becomes a receipt',
    jobs: 2,
    queue: { respond: 'hold', holdMs: 1000 },
    service: first(3, answer(503)),
    script: submitTwo,
  },
  {
    name: 'the network first',
    jobs: 2,
    queue: { mode: 'network-first' },
    service: () => ({ kind: 'answer', status: 200, ms: 100 }),
    script: submitTwo,
  },
  {
    name: 'the network first, and the queue where it fails',
    jobs: 2,
    queue: { mode: 'network-first', firstTryMs: 2000 },
    service: (n) => (n === 0 ? { kind: 'hang' } : n === 1 ? answer(503) : answer(200)),
    script: submitTwo,
  },
  {
    name: 'the network first, in order',
    jobs: 2,
    queue: { mode: 'network-first', orderingKey: () => 'k' },
    service: (n) => (n === 0 ? { ...answer(503), ms: 300 } : answer(200)),
    script: async (stage) => {
      stage.ordered.push('a', 'b');
      await submitTwo(stage);
    },
  },
  {
    name: 'a full queue lets through',
    jobs: 3,
    queue: { maxJobs: 1, whenFull: 'network', rate: { limit: 2, perMs: 1000, burst: 2 } },
    mayRefuse: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
    },
  },
  {
    name: 'a full queue lets through no more than its share',
    jobs: 2,
    queue: { maxJobs: 2, whenFull: 'network', rate: { limit: 2, perMs: 1000 } },
    mayRefuse: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b'].map((body) => stage.submit(tab, body)));
      // A second is kept between the sends of two contexts: the slot of b comes after two.
      for (let i = 0; i < 30; i++) {
        void stage.submit(tab, `c${i}`).catch(() => undefined);
        await stage.after(100);
      }
      const isSent = stage.service.arrivals.some(({ body }) => body === 'b');
      if (stage.universe.strikes === 0 && !isSent)
        stage.universe.fail('fair', 'b was accepted, and those that came after it took every slot');
    },
  },
  {
    name: 'a page waits for the end of a job that another tab sends',
    jobs: 1,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      const ticket = await stage.submit(leader, 'a');
      let isHeard = false;
      void other.sluice.settled(ticket).then(() => (isHeard = true));
      await stage.after(40_000);
      const job = await other.sluice.get(ticket);
      // A word may be lost: it looks by itself from time to time.
      await stage.after(10_000);
      if (job?.state === 'done' && other.isAlive && !isHeard)
        stage.universe.fail('settled', `${ticket} is done, and whoever waits has not heard`);
    },
  },
];
