import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';

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

/** The old tab sends all that its rate allows, and a new one takes over under a clock that is off by up to a second. */
function takenOver(offByMs: (stage: Stage) => number): Scenario['script'] {
  return async (stage) => {
    const before = stage.openTab();
    await stage.after(20);
    await Promise.all(['a', 'b'].map((body) => stage.submit(before, body)));
    await stage.after(100);
    if (!before.isAlive) return;
    stage.setWallClock(offByMs(stage));
    const after = stage.openTab();
    stage.closeTab(before);
    await stage.submit(after, 'c');
  };
}

const TWO_A_SECOND = { limit: 2, perMs: 1000, burst: 2 };

/** Clocks that are set, or drift. */
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
    name: 'a new tab takes over, its clock 0.9 s ahead',
    jobs: 3,
    queue: { rate: TWO_A_SECOND },
    script: takenOver(() => 900),
  },
  {
    name: 'a new tab takes over, its clock off by less than a second',
    jobs: 3,
    queue: { rate: TWO_A_SECOND },
    script: takenOver(({ universe }) => universe.between(-1000, 1000)),
  },
  {
    name: 'a new tab takes over, its clock off by less than a second, and the rate is of the destination',
    jobs: 3,
    unpaced: true,
    sharedRate: TWO_A_SECOND,
    script: takenOver(({ universe }) => universe.between(-1000, 1000)),
  },
  {
    name: 'the service worker tries first, its clock 0.9 s ahead of that of the tab',
    jobs: 3,
    queue: { mode: 'network-first', rate: TWO_A_SECOND },
    script: async (stage) => {
      const before = stage.openTab();
      await stage.after(20);
      await stage.ask(before, 'a');
      await stage.after(100);
      // A fault has ended the tab, and the service worker sends in its place. To stop it would be a loss without a fault.
      if (!before.isAlive) return;
      stage.setWallClock(900);
      stage.stopServiceWorker();
      await stage.submit(before, 'b');
      await stage.submit(before, 'c');
    },
  },
  {
    name: 'the clock drifts, and tabs take over from one another',
    jobs: 3,
    queue: { rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const { universe } = stage;
      const driftMs = universe.between(-100, 100);
      let tab = stage.openTab();
      await stage.after(20);
      for (const body of ['a', 'b', 'c']) {
        await stage.submit(tab, body);
        for (let i = 0; i < 3; i++) {
          await stage.after(100);
          stage.setWallClock(driftMs);
        }
        if (!tab.isAlive) return;
        const before = tab;
        tab = stage.openTab();
        stage.closeTab(before);
      }
    },
  },
  {
    name: 'the clock goes on by an hour',
    jobs: 2,
    breaksClock: true,
    script: aroundAJump(3_600_000),
  },
];
