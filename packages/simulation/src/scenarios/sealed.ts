import type { Prepare } from '../../../sluice/src/core/config.ts';
import { CANARY } from '../canary.ts';
import { authorizationOf, type Scenario } from '../scenario.ts';
import type { Answer } from '../service.ts';
import { answer, twoTabs } from './parts.ts';
import { adopt, bothSignIn, guestSignsIn } from './users.ts';

const ALL = { canary: 'everywhere', queue: { seal: 'all' } } satisfies Partial<Scenario>;

const named = (name: string): string => `${name}-${CANARY}`;

/** The first time so, and then well. */
const at1st =
  (status: number) =>
  (n: number): Answer => ({ ...answer(n === 0 ? status : 200, { 'X-Note': CANARY }, CANARY), ms: 300 });

const CONTEXT = { token: authorizationOf('a') };

const putBack: Prepare = (request, { context: { token } }) =>
  typeof token === 'string'
    ? new Request(request, { headers: { ...Object.fromEntries(request.headers), Authorization: token } })
    : 'sign-in';

/** What is sealed can be read nowhere, and opens whatever befalls those who have the key. */
export const OF_SEALED: readonly Scenario[] = [
  {
    name: 'secret headers are sealed',
    jobs: 2,
    canary: 'authorization',
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      // Both make a key.
      await Promise.all([stage.submit(leader, 'a'), stage.ask(other, 'b')]);
    },
  },
  {
    name: 'secret headers are dropped, and put back',
    jobs: 1,
    canary: 'authorization',
    queue: { secrets: 'drop', prepare: putBack },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await tab.sluice.setContext(CONTEXT);
    },
    heal: (stage) => stage.openTab().sluice.setContext(CONTEXT),
  },
  {
    name: 'all is sealed',
    jobs: 2,
    ...ALL,
    service: at1st(503),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all(['a', 'b'].map((name) => stage.ask(tab, named(name), { orderingKey: CANARY })));
    },
  },
  {
    name: 'all is sealed, and a newer one takes the place',
    jobs: 2,
    ...ALL,
    queue: { ...ALL.queue, rate: { limit: 1, perMs: 1000 }, coalesce: 'replace', dedupeKey: () => CANARY },
    service: at1st(200),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.ask(tab, named('a')), stage.ask(tab, named('b'))]);
    },
  },
  {
    name: 'all is sealed, and a dead letter is redriven',
    jobs: 1,
    ...ALL,
    mayDie: true,
    hasNewKeys: true,
    service: at1st(422),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      const ticket = await stage.submit(tab, named('a'));
      await tab.sluice.settled(ticket);
      await tab.sluice.redrive(ticket);
    },
  },
  {
    name: 'all is sealed, and its user leaves and comes back',
    jobs: 2,
    ...ALL,
    service: at1st(503),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      await Promise.all([stage.submit(tab, named('ann1')), stage.submit(tab, named('ann2'))]);
      await stage.signIn(tab, 'bob');
    },
    heal: bothSignIn,
  },
  {
    name: 'all is sealed, and a guest signs in',
    jobs: 2,
    ...ALL,
    service: at1st(200),
    script: (stage) => guestSignsIn(stage, ['a', 'b'].map(named)),
    heal: (stage) => adopt(stage, stage.openTab()),
  },
  {
    name: 'all is sealed, and its user is forgotten',
    jobs: 2,
    ...ALL,
    mayForget: true,
    mayRefuse: true,
    service: at1st(200),
    script: async (stage) => {
      // Whoever clears may be gone before all is erased, and another tab leads on.
      const [, tab] = await twoTabs(stage);
      if (!tab) return;
      await stage.signIn(tab, 'ann');
      await stage.submit(tab, named('ann1'));
      void stage.submit(tab, named('ann2'), { uploadMs: 500 }).catch(() => undefined);
      await stage.after(30);
      await tab.sluice.clear({ identity: 'ann' });
      stage.service.session = '';
    },
    heal: async (stage) => stage.signIn(stage.openTab(), 'ann'),
  },
];
