import type { Reaction } from './service.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';

const answer = (status: number, headers: Record<string, string> = {}, body?: string): Reaction => ({
  kind: 'answer',
  status,
  headers,
  ...(body === undefined ? {} : { body }),
});

/** The first `count` requests are taken so, and all others well. */
const first =
  (count: number, reaction: Reaction) =>
  (n: number): Reaction =>
    n < count ? reaction : answer(200);

const submitOne = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  await stage.after(20);
  await stage.submit(tab, 'a');
};

const submitTwo = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  await stage.after(20);
  await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
};

/** Two tabs, of which the first leads. */
const twoTabs = async (stage: Stage): Promise<ReturnType<Stage['openTab']>[]> => {
  const leader = stage.openTab();
  await stage.after(20);
  const other = stage.openTab();
  await stage.after(20);
  return [leader, other];
};

/** Each comes back in the end, and finds what is theirs. */
const bothSignIn = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  for (const user of ['bob', 'ann']) {
    await stage.signIn(tab, user);
    // Long enough for whatever froze to wake under other cookies.
    await stage.after(60_000);
    await stage.untilDone();
  }
};

/** Everything that a job of Sluice may go through, small enough to break it at each of its steps. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'one job', jobs: 1, script: submitOne },
  { name: 'two jobs', jobs: 2, script: submitTwo },
  { name: 'a service that fails once', jobs: 1, service: first(1, answer(503)), script: submitOne },
  {
    name: 'an answer that is lost',
    jobs: 1,
    unanswered: 1,
    service: first(1, { kind: 'lose-answer' }),
    script: submitOne,
  },
  {
    name: 'an answer that never comes',
    jobs: 1,
    unanswered: 1,
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
    name: 'a request that is refused',
    jobs: 2,
    mayDie: true,
    service: (_n, body) => (body === 'a' ? answer(422) : answer(200)),
    script: submitTwo,
  },
  {
    name: 'nobody is signed in',
    jobs: 1,
    service: first(1, answer(401)),
    script: submitOne,
    heal: async (stage) => {
      const tab = stage.openTab();
      for (let i = 0; i < 20; i++) {
        await stage.after(5000);
        await tab.sluice.nudge();
      }
    },
  },
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
    name: 'two tabs submit',
    jobs: 2,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await Promise.all([stage.submit(leader, 'a'), stage.ask(other, 'b')]);
    },
  },
  {
    name: 'the leading tab is closed in mid-send',
    jobs: 2,
    unanswered: 2,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.submit(other, 'a');
      await stage.submit(other, 'b');
      stage.closeTab(leader);
    },
  },
  {
    name: 'the leading tab freezes',
    jobs: 2,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.submit(other, 'a');
      leader.freeze(30_000);
      await stage.submit(other, 'b');
    },
  },
  {
    name: 'the leading tab freezes for an hour',
    jobs: 1,
    scriptMs: 3_700_000,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      leader.freeze(3_600_000);
      // Not by way of the service worker, which would take the seat in its own event.
      await stage.ask(other, 'a');
      await stage.after(60_000);
      if (stage.universe.strikes === 0 && stage.service.arrivals.length === 0)
        stage.universe.fail('takeover', 'nobody has sent within a minute');
    },
  },
  {
    name: 'one send a minute',
    jobs: 2,
    scriptMs: 250_000,
    queue: { rate: { limit: 1, perMs: 60_000 } },
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.submit(other, 'a');
      await stage.submit(other, 'b');
      await stage.after(200_000);
    },
  },
  {
    name: 'the last tab is closed at once',
    jobs: 2,
    unanswered: 2,
    staysClosed: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      stage.closeTab(tab);
    },
  },
  {
    name: 'no tab, and a service that is down',
    jobs: 1,
    staysClosed: true,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      stage.closeTab(tab);
      await stage.after(20_000);
      stage.service.isDown = false;
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
    unanswered: 1,
    service: () => ({ ...answer(200), ms: 200 }) as Reaction,
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
    name: 'a batch of three',
    jobs: 3,
    hasNewKeys: true,
    queue: {
      batch: {
        max: 3,
        maxBytes: 1000,
        waitMs: 100,
        combine: (requests) => ({ body: requests.map(({ text }) => text()).join(' ') }),
        split: (_answer, count) => Array.from({ length: count }, () => ({ status: 200 })),
      },
    },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
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
    name: 'nothing is repeated',
    jobs: 1,
    mayDie: true,
    neverRepeats: true,
    queue: { repeat: 'never' },
    script: submitOne,
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
  {
    name: 'three jobs at once',
    jobs: 3,
    queue: { rate: { limit: 20, perMs: 1000, burst: 20 } },
    service: () => ({ ...answer(200), ms: 300 }) as Reaction,
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
    name: 'the service is gone for ten minutes',
    jobs: 1,
    scriptMs: 900_000,
    script: async (stage) => {
      stage.service.isDown = true;
      await submitOne(stage);
      await stage.after(600_000);
      stage.service.isDown = false;
    },
  },
  {
    name: 'no tab, and a service that is gone for hours',
    jobs: 1,
    staysClosed: true,
    scriptMs: 8_000_000,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      stage.closeTab(tab);
      await stage.after(7_200_000);
    },
  },
  {
    name: 'the leading tab freezes, and its answer comes late',
    jobs: 1,
    mayDie: true,
    unanswered: 1,
    // The answer to the frozen one comes while another tab is in the middle of the next attempt.
    service: (n) => (n === 0 ? answer(422) : { ...answer(200), ms: 20_000 }) as Reaction,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      const ticket = await stage.submit(other, 'a');
      await stage.after(15);
      leader.freeze(30_000);
      await stage.after(59_000);
      const { state } = (await other.sluice.get(ticket)) ?? {};
      if (stage.universe.strikes === 0 && state !== 'done')
        stage.universe.fail('late answer', `it is ${state}`);
    },
  },
  {
    name: 'a job that takes its tab down',
    jobs: 1,
    mayDie: true,
    unanswered: 10,
    service: () => ({ kind: 'hang' }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      void stage.submit(tab, 'a');
      for (let i = 0; i < 8; i++) {
        await stage.after(2000);
        stage.browser.kill();
        stage.openTab();
      }
    },
    heal: async ({ service, universe }) => {
      if (service.arrivals.length > 5)
        universe.fail('poison bound', `${service.arrivals.length} engines were taken down`);
      service.behaviour = () => answer(200);
    },
  },
  {
    name: 'the clock goes back by a day',
    jobs: 2,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await stage.after(500);
      stage.setWallClock(-86_400_000);
      await stage.submit(tab, 'b');
    },
  },
  {
    name: 'the clock goes on by an hour',
    jobs: 2,
    breaksClock: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await stage.after(500);
      stage.setWallClock(3_600_000);
      await stage.submit(tab, 'b');
    },
  },
  {
    name: 'one user leaves, another comes',
    jobs: 2,
    // What is under way is called back, and sent again when its user is.
    unanswered: 1,
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      await stage.submit(tab, 'ann1');
      // Not waited for: it is on its way into the queue as its user signs out.
      void stage.submit(tab, 'ann2', { uploadMs: 500 }).catch(() => undefined);
      await stage.signIn(tab, 'bob');
      await stage.submit(tab, 'bob1');
    },
    heal: bothSignIn,
  },
  {
    name: 'a user leaves while another tab leads',
    jobs: 2,
    unpaced: true,
    // Its context is read between the claim and the send: there it may freeze.
    queue: { prepare: (request) => request },
    // What is under way is called back, and sent again when its user is.
    unanswered: 1,
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.signIn(other, 'ann');
      await Promise.all([stage.submit(leader, 'ann1'), stage.submit(other, 'ann2')]);
      leader.freeze(20_000);
      await stage.signIn(other, 'bob');
    },
    heal: bothSignIn,
  },
  {
    name: 'a guest signs in, and takes along what was submitted',
    jobs: 2,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await tab.sluice.pause();
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      stage.service.session = 'ann';
      await tab.sluice.identify('ann', { adopt: true });
      await tab.sluice.resume();
    },
    heal: async (stage) => {
      const tab = stage.openTab();
      await tab.sluice.identify('ann', { adopt: true });
      await tab.sluice.resume();
    },
  },
  {
    name: 'a user is forgotten',
    jobs: 2,
    mayForget: true,
    mayRefuse: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      await stage.submit(tab, 'ann1');
      void stage.submit(tab, 'ann2', { uploadMs: 500 }).catch(() => undefined);
      await tab.sluice.clear({ identity: 'ann' });
      stage.service.session = '';
    },
    heal: async (stage) => stage.signIn(stage.openTab(), 'ann'),
  },
];
