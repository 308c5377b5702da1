import type { Scenario } from '../scenario.ts';

const DAY_MS = 86_400_000;

/** One job before somebody sets the clock, and one after. */
function aroundAJump(byMs: number): Scenario['script'] {
  return async (stage) => {
    const tab = stage.openTab();
    await stage.after(20);
    await stage.submit(tab, 'a');
    await stage.after(500);
    stage.setWallClock(byMs);
    await stage.submit(tab, 'b');
  };
}

/** Clocks that somebody sets. */
export const OF_CLOCKS: readonly Scenario[] = [
  {
    name: 'the clock goes back by a day',
    jobs: 2,
    script: aroundAJump(-DAY_MS),
  },
  {
    name: 'the clock goes back by a day, and the rate is of the destination',
    jobs: 2,
    unpaced: true,
    sharedRate: { limit: 2, perMs: 1000, burst: 2 },
    script: aroundAJump(-DAY_MS),
  },
  {
    name: 'the clock goes back by a day while the service is gone',
    jobs: 1,
    scriptMs: 200_000,
    script: async (stage) => {
      stage.service.isDown = true;
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await stage.after(120_000);
      stage.setWallClock(-DAY_MS);
      await stage.after(60_000);
      stage.service.isDown = false;
    },
  },
  {
    name: 'the clock goes on by an hour',
    jobs: 2,
    breaksClock: true,
    script: aroundAJump(3_600_000),
  },
];
