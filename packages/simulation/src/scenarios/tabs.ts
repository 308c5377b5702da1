import type { Scenario } from '../scenario.ts';
import { answer, enqueueAll, twoTabs } from './parts.ts';

/** Who drains, and what befalls them. */
export const OF_TABS: readonly Scenario[] = [
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
    name: 'four tabs submit, and the first two are closed',
    jobs: 3,
    script: async (stage) => {
      const [leader, second] = await twoTabs(stage);
      const [third, fourth] = [stage.openTab(), stage.openTab()];
      if (!leader || !second) return;
      await Promise.all([stage.submit(leader, 'a'), stage.submit(third, 'b')]);
      stage.closeTab(leader);
      stage.closeTab(second);
      await stage.ask(fourth, 'c');
    },
  },
  {
    name: 'the leading tab is closed in mid-send',
    jobs: 2,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.submit(other, 'a');
      await stage.submit(other, 'b');
      stage.closeTab(leader);
    },
  },
  {
    name: 'a page is left again and again in mid-send',
    jobs: 1,
    queue: { maxAttempts: 2 },
    service: (n) => ({ ...answer(200), ms: n < 4 ? 20_000 : 0 }),
    script: async (stage) => {
      for (let i = 0; i < 4; i++) {
        const tab = stage.openTab();
        if (i === 0) await stage.submit(tab, 'a');
        await stage.after(1000);
        await stage.leave(tab);
      }
      stage.openTab();
    },
  },
  ...(['always', 'never'] as const).map(
    (repeat): Scenario => ({
      name: `a page is left while a send is under way, and may be repeated: ${repeat}`,
      jobs: 2,
      queue: { repeat },
      neverRepeats: repeat === 'never',
      mayDie: repeat === 'never',
      service: () => ({ ...answer(200), ms: 300 }),
      script: async (stage) => {
        const tab = stage.openTab();
        await stage.after(20);
        const tickets = await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
        await stage.after(150);
        stage.closeTab(tab);
        await stage.after(100);
        const next = stage.openTab();
        await stage.after(2000);
        if (stage.universe.strikes > 0) return;
        const states = await Promise.all(tickets.map((ticket) => next.sluice.get(ticket)));
        const sends = stage.service.arrivals.length;
        if (sends !== 2 || states.some((view) => view?.state !== 'done'))
          stage.universe.fail('left', `${sends} sends, ${states.map((view) => view?.state).join(' ')}`);
      },
    }),
  ),
  {
    name: 'a page is left with a send that is claimed and has not left, and nothing may be repeated',
    jobs: 2,
    queue: { repeat: 'never', rate: { limit: 1, perMs: 400 } },
    mayDie: true,
    neverRepeats: true,
    script: async (stage) => {
      const [tab] = await twoTabs(stage);
      if (!tab) return;
      const tickets = await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      const isClaimed = async (): Promise<boolean> =>
        ((await tab.sluice.get(tickets[1] ?? ''))?.state ?? '') === 'leased';
      while (tab.isAlive && stage.universe.strikes === 0 && !(await isClaimed())) await stage.after(1);
      tab.endWorker();
      stage.closeTab(tab);
      await stage.after(5000);
      if (stage.universe.strikes > 0) return;
      const states = await Promise.all(tickets.map((ticket) => stage.openTab().sluice.get(ticket)));
      if (states.some((view) => view?.state !== 'done'))
        stage.universe.fail('left', states.map((view) => view?.state).join(' '));
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
    // It would take the seat in an event of its own.
    hasNoServiceWorker: true,
    scriptMs: 3_700_000,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      leader.freeze(3_600_000);
      await stage.ask(other, 'a');
      await stage.after(60_000);
      if (stage.universe.strikes === 0 && stage.service.arrivals.length === 0)
        stage.universe.fail('takeover', 'nobody has sent within a minute');
    },
  },
  {
    name: 'the leading tab freezes, and its answer comes late',
    jobs: 1,
    mayDie: true,
    // The answer to the frozen one comes while another tab is in the middle of the next attempt.
    service: (n) => (n === 0 ? answer(422) : { ...answer(200), ms: 20_000 }),
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      const ticket = await stage.submit(other, 'a');
      await stage.after(15);
      leader.freeze(30_000);
      await stage.after(59_000);
      const { state } = (await other.sluice.get(ticket)) ?? {};
      const isTriedAgain = stage.service.arrivals.length > 1;
      if (stage.universe.strikes === 0 && isTriedAgain && state !== 'done')
        stage.universe.fail('late answer', `it is ${state}`);
    },
  },
  {
    name: 'tabs without locks come while an order takes long',
    jobs: 1,
    hasNoLocks: true,
    hasNoServiceWorker: true,
    service: () => ({ ...answer(200), ms: 20_000 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.ask(tab, 'a');
      for (let i = 0; i < 4; i++) {
        await stage.after(2000);
        stage.openTab();
      }
      await stage.after(20_000);
      const sends = stage.service.arrivals.length;
      if (stage.universe.strikes === 0 && sends > 1)
        stage.universe.fail('takeover', `it was sent ${sends} times`);
    },
  },
  {
    name: 'a tab lets a queue go on, and is gone before its word is heard',
    jobs: 1,
    losesHints: true,
    hasNoServiceWorker: true,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await leader.sluice.pause();
      await stage.ask(leader, 'a');
      await stage.after(200);
      await other.sluice.resume();
      other.kill();
      await stage.after(10_000);
      if (stage.universe.strikes === 0 && stage.service.arrivals.length === 0)
        stage.universe.fail('liveness', 'nothing was sent within ten seconds');
    },
    heal: async (stage) => {
      if (stage.universe.strikes > 0) await stage.openTab().sluice.resume();
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
    staysClosed: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      stage.closeTab(tab);
    },
  },
  {
    name: 'the last tab dies, and has stored by itself',
    jobs: 1,
    staysClosed: true,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await stage.ask(tab, 'a');
      await stage.after(100);
      tab.kill();
      stage.service.isDown = false;
    },
  },
  {
    name: 'the last tab hands over a list, and dies',
    jobs: 3,
    staysClosed: true,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await enqueueAll(stage, tab, ['a', 'b', 'c']);
      await stage.after(100);
      tab.kill();
      stage.service.isDown = false;
    },
  },
  {
    name: 'the last tab lets a queue go on, and is closed',
    jobs: 1,
    staysClosed: true,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await tab.sluice.pause();
      await stage.submit(tab, 'a');
      // Whatever was woken for it has found nothing to do.
      await stage.after(200_000);
      await tab.sluice.resume();
      stage.closeTab(tab);
    },
    scriptMs: 300_000,
    heal: async (stage) => {
      if (stage.universe.strikes > 0) await stage.openTab().sluice.resume();
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
    name: 'no tab, and a service that is gone for half an hour',
    jobs: 1,
    staysClosed: true,
    scriptMs: 1_500_000,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      stage.closeTab(tab);
      // The third sync comes after 24 minutes, and asks for the next.
      await stage.after(1_470_000);
    },
  },
  {
    name: 'a job that takes its tab down',
    jobs: 1,
    mayDie: true,
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
];
