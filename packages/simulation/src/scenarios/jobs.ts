import type { Scenario } from '../scenario.ts';
import { BASE } from '../contexts.ts';
import { answer, first, submitTwo, twoTabs } from './parts.ts';

/** What an app may ask for a job, and do with it. */
export const OF_JOBS: readonly Scenario[] = [
  {
    name: 'an ordering key',
    jobs: 3,
    service: first(1, answer(500)),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      for (const body of ['a', 'b', 'c']) await stage.ask(tab, body, { orderingKey: 'k' });
    },
  },
  {
    name: 'jobs that take long to prepare',
    jobs: 2,
    prepareMs: 400,
    script: submitTwo,
  },
  {
    name: 'a job comes as another ends',
    jobs: 3,
    queue: { concurrency: 1 },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      for (const body of ['a', 'b', 'c']) {
        await stage.submit(tab, body);
        await stage.after(stage.universe.between(0, 200));
      }
    },
  },
  {
    name: 'a job is cancelled while it waits',
    jobs: 2,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      const ticket = await stage.submit(tab, 'b');
      await tab.sluice.cancel(ticket);
    },
  },
  {
    name: 'a job is cancelled in mid-send',
    jobs: 1,
    service: () => ({ ...answer(200), ms: 200 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.submit(tab, 'a');
      await stage.after(60);
      await tab.sluice.cancel(ticket).catch(() => undefined);
    },
  },
  {
    name: 'a dead letter is redriven',
    jobs: 1,
    mayDie: true,
    hasNewKeys: true,
    service: first(1, answer(422)),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.submit(tab, 'a');
      await tab.sluice.settled(ticket);
      await tab.sluice.redrive(ticket);
    },
  },
  {
    name: 'the same thing twice',
    jobs: 2,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.ask(tab, 'a', { dedupeKey: 'k' });
      await stage.ask(tab, 'a', { dedupeKey: 'k' });
    },
  },
  {
    name: 'a newer one takes the place',
    jobs: 3,
    queue: {
      rate: { limit: 1, perMs: 1000 },
      coalesce: 'replace',
      dedupeKey: ({ text }) => (text() === 'x' ? undefined : 'k'),
    },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      for (const body of ['x', 'a', 'b']) await stage.ask(tab, body);
    },
  },
  {
    name: 'one comes after another',
    jobs: 2,
    mayDie: true,
    queue: { rewrite: ({ text }, { status }) => ({ body: `${text()} ${status}` }) },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.ask(tab, 'a');
      await stage.ask(tab, 'b', { after: ticket });
    },
  },
  {
    name: 'two queues share the rate of their destination',
    jobs: 3,
    unpaced: true,
    sharedRate: { limit: 2, perMs: 1000, burst: 2 },
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await Promise.all([
        stage.submit(leader, 'a'),
        ...['b', 'c'].map((body) => stage.ask(other, body, {}, `${BASE}api/others`)),
      ]);
    },
  },
  {
    name: 'a held job is released',
    jobs: 1,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.ask(tab, 'a', { held: true });
      await stage.after(50);
      await tab.sluice.release(ticket);
    },
    heal: async (stage) => {
      const tab = stage.openTab();
      await stage.after(50);
      for (const { ticket } of stage.receipts) await tab.sluice.release(ticket).catch(() => undefined);
    },
  },
  {
    name: 'a job for later',
    jobs: 1,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.ask(tab, 'a', { notBefore: stage.universe.timeline.now + 5000 });
    },
  },
  {
    name: 'a queue is paused and resumed',
    jobs: 2,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await tab.sluice.pause();
      await stage.submit(tab, 'b');
      await stage.after(500);
      await tab.sluice.resume();
    },
    heal: async (stage) => {
      const tab = stage.openTab();
      await stage.after(50);
      await tab.sluice.resume();
    },
  },
  {
    name: 'the oldest gives way in a full queue',
    jobs: 3,
    queue: { maxJobs: 2, whenFull: 'drop-oldest', rate: { limit: 1, perMs: 1000 } },
    mayRefuse: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      for (const body of ['a', 'b', 'c']) await stage.submit(tab, body);
    },
  },
];
