import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import type { Tab } from '../tab.ts';
import { twoTabs } from './parts.ts';

/** Pages and the hosts that they ask: workers that end alone, and service workers in their place. */
export const OF_HOSTS: readonly Scenario[] = [
  {
    name: 'the worker of a page ends in the middle of its calls',
    jobs: 1,
    workersEndAlone: true,
    viewsMs: 60_000,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.ask(tab, 'a', { held: true });
      promiseAnswer(stage, tab, tab.sluice.settled(ticket));
      const list = tab.sluice.list({ queue: 'orders', state: 'waiting' });
      promiseAnswer(stage, tab, list);
      tab.endWorker();
      const releasing = tab.sluice.release(ticket).catch(() => undefined);
      promiseAnswer(stage, tab, releasing);
      await releasing;
    },
    heal: releaseAll,
  },
  {
    name: 'no worker of a page starts, and the service worker is its host',
    jobs: 2,
    isWorkerMissing: true,
    viewsMs: 60_000,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await tab.sluice.pause();
      const ticket = await stage.ask(tab, 'a');
      await stage.submit(tab, 'b');
      promiseAnswer(stage, tab, tab.sluice.settled(ticket));
      await tab.sluice.resume();
    },
    heal: async (stage) => {
      // Nothing else wakes the service worker: somebody does something.
      const tab = stage.openTab();
      await tab.sluice.resume();
      await tab.sluice.enqueue([]);
    },
  },
  {
    name: 'the script of the worker is missing, and then it is there',
    jobs: 2,
    hasNoServiceWorker: true,
    isWorkerMissing: true,
    workersEndAlone: true,
    viewsMs: 60_000,
    script: async (stage) => {
      void stage.after(5000).then(() => (stage.isWorkerMissing = false));
      const tab = stage.openTab();
      stage.promises.push(() => (tab.hasWorker || !tab.isAlive ? undefined : 'no worker runs again'));
      await stage.after(20);
      // Without a worker a request goes to the network, and has no ticket.
      await stage.ask(tab, 'a');
      await stage.after(10_000);
      const ticket = await stage.ask(tab, 'b');
      if (ticket === '' && stage.universe.strikes === 0) throw new Error('the page has no queue again');
      promiseAnswer(stage, tab, tab.sluice.settled(ticket));
    },
  },
  {
    name: 'a page watches what another tab sends, and hears no hint',
    jobs: 2,
    queue: { rate: { limit: 1, perMs: 2000 } },
    losesHints: true,
    viewsMs: 10_000,
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.ask(leader, 'a');
      await stage.ask(leader, 'b');
      other.sluice.subscribe(() => undefined);
      await stage.after(4000);
      const isShown = (): boolean => other.sluice.snapshot().depth === 0;
      stage.promises.push(() => (!other.isAlive || isShown() ? undefined : 'a view has missed the end'));
    },
  },
  {
    name: 'a queue is paused before its job is due',
    jobs: 1,
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.ask(tab, 'a', {
        notBefore: stage.universe.timeline.now + stage.browser.wallOffsetMs + 1000,
      });
      await tab.sluice.pause();
      const { arrivals } = stage.service;
      const before = arrivals.length;
      stage.promises.push(() =>
        arrivals.slice(before).some(({ sentAt }) => sentAt < resumedAt(stage))
          ? 'a paused queue has sent'
          : undefined,
      );
      await stage.after(2000);
    },
    heal: async (stage) => {
      await stage.after(3000);
      resumed.set(stage, stage.universe.timeline.now);
      await stage.openTab().sluice.resume();
    },
  },
];

const resumed = new WeakMap<Stage, number>();

function resumedAt(stage: Stage): number {
  return resumed.get(stage) ?? 0;
}

/** Whatever becomes of its host, a page that lives is answered. */
function promiseAnswer({ promises }: Stage, tab: Tab, asked: Promise<unknown>): void {
  let isAnswered = false;
  const note = (): void => {
    isAnswered = true;
  };
  asked.then(note, note);
  promises.push(() => (isAnswered || !tab.isAlive ? undefined : 'a call was never answered'));
}

async function releaseAll(stage: Stage): Promise<void> {
  const tab = stage.openTab();
  await stage.after(50);
  for (const { ticket } of stage.receipts) await tab.sluice.release(ticket).catch(() => undefined);
}
