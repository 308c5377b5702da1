import type { Scenario } from '../scenario.ts';
import { answer, first } from './parts.ts';

/** No service worker, or two of them. */
export const OF_VERSIONS: readonly Scenario[] = [
  {
    name: 'no service worker',
    jobs: 2,
    hasNoServiceWorker: true,
    service: first(1, answer(503)),
    script: async (stage) => {
      const tab = stage.openTab();
      const other = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.ask(tab, 'a'), stage.ask(other, 'b')]);
      stage.closeTab(tab);
    },
  },
  {
    name: 'a new service worker in mid-queue',
    jobs: 2,
    service: first(1, answer(503)),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      stage.deploy({ maxAttempts: 7 });
      await stage.submit(tab, 'b');
    },
  },
  {
    name: 'a new service worker in mid-hold',
    jobs: 2,
    queue: { respond: 'hold' },
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const held = stage.submit(tab, 'a');
      await stage.after(50);
      stage.deploy({ respond: 'receipt' });
      await stage.submit(tab, 'b');
      await held;
    },
  },
  {
    name: 'pages of two versions, and the older is left',
    jobs: 2,
    staysClosed: true,
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: async (stage) => {
      const older = stage.openTab();
      await stage.after(20);
      await stage.submit(older, 'a');
      stage.deploy({ maxAttempts: 7 });
      const newer = stage.openTab();
      await stage.after(20);
      await stage.ask(newer, 'b');
      stage.closeTab(older);
      await stage.after(100);
      stage.closeTab(newer);
    },
  },
];
