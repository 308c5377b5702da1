import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import { answer } from './parts.ts';
import { bothSignIn } from './users.ts';

/** What is sent past the queue: it is held to the same limits as a job. */
export const OF_PASSING: readonly Scenario[] = [
  {
    name: 'the network is tried first, one at a time',
    jobs: 3,
    unpaced: true,
    queue: { mode: 'network-first', concurrency: 1 },
    service: () => ({ ...answer(200), ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b'), stage.ask(tab, 'c')]);
    },
  },
  {
    name: 'a full queue lets through, one at a time',
    jobs: 3,
    unpaced: true,
    mayRefuse: true,
    queue: { maxJobs: 1, whenFull: 'network', concurrency: 1 },
    service: () => ({ ...answer(200), ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const all = ['a', 'b', 'c'].map((body) => stage.submit(tab, body));
      await Promise.all(all);
    },
  },
  {
    name: 'the network is tried first as the service comes back',
    jobs: 3,
    unpaced: true,
    scriptMs: 120_000,
    queue: { mode: 'network-first', concurrency: 6 },
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      for (let i = 0; i < 8; i++) {
        await stage.submit(tab, `down${i}`);
        await stage.after(100);
      }
      // A failure is doubted for a second. What waits is cancelled: nothing is ahead of the next tries.
      await stage.after(5000);
      await tab.sluice.clear({ queue: 'orders' });
      await stage.after(60_000);
      stage.service.isDown = false;
      stage.service.behaviour = () => ({ ...answer(200), ms: 300 });
      const upAt = stage.universe.timeline.now;
      await Promise.all(['a', 'b', 'c'].map((body) => stage.submit(tab, body)));
      stage.promises.push(() => oneProbe(stage, upAt));
    },
  },
  {
    name: 'a user leaves while the network is tried first',
    jobs: 1,
    unpaced: true,
    queue: { mode: 'network-first' },
    service: () => ({ ...answer(200), ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      void stage.submit(tab, 'ann1').catch(() => undefined);
      await stage.after(100);
      const other = stage.openTab(false);
      await stage.after(20);
      await other.sluice.identify(null);
      const left = stage.service.arrivals.filter(({ endedAt }) => endedAt === undefined);
      stage.service.session = '';
      stage.promises.push(() =>
        left.length > 0 && stage.universe.strikes === 0
          ? `${left.length} sends outlived a sign-out`
          : undefined,
      );
    },
    heal: bothSignIn,
  },
];

/** Until the first answer has come, the one probe is all that is sent. */
function oneProbe({ service, universe }: Stage, upAt: number): string | undefined {
  if (universe.strikes > 0) return undefined;
  const sends = service.arrivals.filter(({ sentAt }) => sentAt >= upAt);
  const answeredAt = Math.min(...sends.map(({ endedAt = Number.POSITIVE_INFINITY }) => endedAt));
  const probes = sends.filter(({ sentAt }) => sentAt < answeredAt);
  return probes.length > 1 ? `${probes.length} probes at once` : undefined;
}
