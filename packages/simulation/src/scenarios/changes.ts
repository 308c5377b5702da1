import { CANARY } from '../canary.ts';
import type { Scenario } from '../scenario.ts';
import type { Arrival } from '../service.ts';
import type { Stage } from '../stage.ts';
import type { Tab } from '../tab.ts';

/** What a claim takes ahead of its instant, and then some. */
const AHEAD_MS = 1000;

/** What somebody changes while jobs wait: heard, it holds, whatever breaks afterwards. */
export const OF_CHANGES: readonly Scenario[] = [
  {
    name: 'a job is edited while it waits',
    jobs: 1,
    hasNewKeys: true,
    script: (stage) => edit(stage, 'a'),
    heal: (stage) => stage.openTab().sluice.resume(),
  },
  {
    name: 'a sealed job is edited while it waits',
    jobs: 1,
    hasNewKeys: true,
    canary: 'everywhere',
    queue: { seal: 'all' },
    script: (stage) => edit(stage, `a-${CANARY}`),
    heal: (stage) => stage.openTab().sluice.resume(),
  },
  {
    name: 'a job is edited while it is prepared',
    jobs: 2,
    hasNewKeys: true,
    prepareMs: 400,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.submit(tab, 'a');
      await stage.after(100);
      // It takes the turn that the other comes too late for.
      await stage.ask(tab, 'b', { priority: 1 });
      await editOnceBack(stage, tab, ticket);
    },
  },
  {
    name: 'a queue is cleared',
    jobs: 3,
    queue: { rate: { limit: 1, perMs: 2000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      await tab.sluice.clear({ queue: 'orders' });
      const later = sentLater(stage);
      stage.promises.push(() => {
        const cleared = later().find(({ body }) => body !== 'c');
        return cleared && `${cleared.body} was sent, and had been cleared`;
      });
      await stage.submit(tab, 'c');
    },
  },
  {
    name: 'a rate is lowered while jobs wait',
    jobs: 3,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
      await tab.sluice.setPolicy('orders', { rate: { limit: 1, perMs: 5000 } });
      const later = sentLater(stage);
      stage.promises.push(() => {
        const instants = later().map(({ sentAt }) => sentAt);
        const isTooFast = instants.some((at, i) => i > 0 && at - (instants[i - 1] ?? 0) < 5000);
        return isTooFast ? `${instants.join(', ')}: more than one in 5 s` : undefined;
      });
    },
  },
];

async function edit(stage: Stage, body: string): Promise<void> {
  const tab = stage.openTab();
  await stage.after(20);
  await tab.sluice.pause();
  const ticket = await stage.submit(tab, body);
  await tab.sluice.edit(ticket, { body: `${body} edited` });
  promiseEdited(stage);
  await tab.sluice.resume();
}

/** Whoever is too late hears that its state does not allow it. */
async function editOnceBack(stage: Stage, tab: Tab, ticket: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const isEdited = await tab.sluice.edit(ticket, { body: 'a edited' }).then(
      () => true,
      () => false,
    );
    if (isEdited) return promiseEdited(stage);
    await stage.after(10);
  }
}

function promiseEdited({ service, promises }: Stage): void {
  const before = service.arrivals.length;
  promises.push(() => {
    const other = service.arrivals
      .slice(before)
      .find(({ body }) => body.startsWith('a') && !body.endsWith(' edited'));
    return other && `${other.body} was sent, and had been edited`;
  });
}

/** What is sent from now on, and was not claimed already. */
function sentLater({ universe, service }: Stage): () => Arrival[] {
  const from = universe.timeline.now + AHEAD_MS;
  return () => service.arrivals.filter(({ sentAt }) => sentAt > from);
}
