import { CANARY } from '../canary.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

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
    name: 'a rate is lowered while jobs wait',
    jobs: 3,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const { universe, service } = stage;
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
      await tab.sluice.setPolicy('orders', { rate: { limit: 1, perMs: 5000 } });
      const from = universe.timeline.now + AHEAD_MS;
      await stage.after(20_000);
      const later = service.arrivals.map(({ sentAt }) => sentAt).filter((at) => at > from);
      if (later.some((at, i) => i > 0 && at - (later[i - 1] ?? 0) < 5000))
        universe.fail('rate', `${later.join(', ')}: not one in 5 s`);
    },
  },
];

async function edit(stage: Stage, body: string): Promise<void> {
  const { universe, service } = stage;
  const tab = stage.openTab();
  await stage.after(20);
  await tab.sluice.pause();
  const ticket = await stage.submit(tab, body);
  await tab.sluice.edit(ticket, { body: `${body} edited` });
  await tab.sluice.resume();
  await stage.after(10_000);
  const other = service.arrivals.find((arrival) => !arrival.body.endsWith(' edited'));
  if (other) universe.fail('edited', `${other.body} was sent`);
}
