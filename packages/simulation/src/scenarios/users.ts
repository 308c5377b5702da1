import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import type { Tab } from '../tab.ts';
import { answer, twoTabs } from './parts.ts';

/** Each comes back in the end, and finds what is theirs. */
export const bothSignIn = async (stage: Stage): Promise<void> => {
  const tab = stage.openTab();
  for (const user of ['bob', 'ann']) {
    await stage.signIn(tab, user);
    // Long enough for whatever froze to wake under other cookies.
    await stage.after(60_000);
    await stage.untilDone();
  }
};

/** Nothing was sent before. */
export async function guestSignsIn(stage: Stage, bodies: readonly string[]): Promise<void> {
  const tab = stage.openTab();
  await stage.after(20);
  await tab.sluice.pause();
  await Promise.all(bodies.map((body) => stage.submit(tab, body)));
  await adopt(stage, tab);
}

export async function adopt(stage: Stage, tab: Tab): Promise<void> {
  stage.service.session = 'ann';
  await tab.sluice.identify('ann', { adopt: true });
  await tab.sluice.resume();
}

/** Who submits: users come and go. */
export const OF_USERS: readonly Scenario[] = [
  {
    name: 'storage is cleared in mid-send, and another user comes',
    jobs: 3,
    unpaced: true,
    mayRefuse: true,
    service: () => ({ ...answer(200), ms: 1000 }),
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.signIn(other, 'ann');
      await stage.submit(other, 'ann1');
      // Sent, and not answered yet; another is on its way into the queue.
      await stage.after(300);
      void stage.submit(other, 'ann2', { uploadMs: 2000 }).catch(() => undefined);
      await stage.after(100);
      // The answer comes before the word that storage was cleared, or after.
      leader.freeze(4000);
      stage.clearStorage();
      await stage.signIn(other, 'bob');
      await stage.submit(other, 'bob1');
    },
    heal: bothSignIn,
  },
  {
    name: 'storage is cleared at any step, and another user comes',
    jobs: 2,
    mayBeCleared: true,
    unpaced: true,
    prepareMs: 300,
    mayRefuse: true,
    service: () => ({ ...answer(200), ms: 1000 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      void stage.submit(tab, 'ann1').catch(() => undefined);
      await stage.after(400);
      await stage.signIn(tab, 'bob');
      await stage.submit(tab, 'bob1');
    },
    heal: bothSignIn,
  },
  {
    name: 'storage is cleared at any step while the network is tried first',
    jobs: 2,
    mayBeCleared: true,
    unpaced: true,
    mayRefuse: true,
    queue: { mode: 'network-first' },
    service: () => ({ ...answer(200), ms: 300 }),
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.submit(tab, 'a');
      await stage.submit(tab, 'b');
    },
  },
  {
    name: 'storage is cleared at any step of commands, and their tab is left',
    jobs: 3,
    mayBeCleared: true,
    mayRefuse: true,
    hasNewKeys: true,
    queue: { rate: { limit: 1, perMs: 500 } },
    script: async (stage) => {
      const tab = stage.openTab();
      // A page that watches gives the database a name of its own.
      tab.sluice.subscribe(() => undefined);
      await stage.after(20);
      await tab.sluice.pause();
      await tab.sluice.clear({ queue: 'orders' });
      const ticket = await stage.submit(tab, 'a');
      // A job whose storage was cleared is not known any more, and the command says so.
      await tab.sluice.edit(ticket, { body: 'a edited' }).catch(() => undefined);
      await tab.sluice.setContext({ token: 'a' });
      await tab.sluice.resume();
      await stage.submit(tab, 'b');
      await stage.after(400);
      await stage.leave(tab);
    },
    heal: (stage) => stage.openTab().sluice.resume(),
  },
  {
    name: 'one user leaves, another comes',
    jobs: 2,
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
    name: 'a user leaves while a full queue lets through',
    jobs: 2,
    mayRefuse: true,
    queue: { maxJobs: 1, whenFull: 'network', rate: { limit: 1, perMs: 1000 } },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      const sent = Promise.all([stage.submit(tab, 'ann1'), stage.submit(tab, 'ann2')]);
      sent.catch(() => undefined);
      await stage.after(100);
      await stage.signIn(tab, 'bob');
    },
    heal: bothSignIn,
  },
  {
    name: 'a user leaves before the network was tried first',
    jobs: 1,
    unpaced: true,
    prepareMs: 400,
    queue: { mode: 'network-first' },
    script: async (stage) => {
      const tab = stage.openTab();
      await stage.after(20);
      await stage.signIn(tab, 'ann');
      void stage.submit(tab, 'ann1').catch(() => undefined);
      await stage.after(100);
      await stage.signIn(tab, 'bob');
    },
    heal: bothSignIn,
  },
  {
    name: 'a user leaves while another tab leads',
    jobs: 2,
    unpaced: true,
    // Its context is read between the claim and the send: there it may freeze.
    queue: { prepare: (request) => request },
    service: () => ({ kind: 'answer', status: 200, ms: 300 }),
    script: async (stage) => {
      const [leader, other] = await twoTabs(stage);
      if (!leader || !other) return;
      await stage.signIn(other, 'ann');
      await Promise.all([stage.submit(leader, 'ann1'), stage.submit(other, 'ann2')]);
      // Claimed, and not sent yet.
      await stage.after(3);
      leader.freeze(12_000);
      await stage.signIn(other, 'bob');
    },
    heal: bothSignIn,
  },
  {
    name: 'a guest signs in, and takes along what was submitted',
    jobs: 2,
    script: (stage) => guestSignsIn(stage, ['a', 'b']),
    heal: (stage) => adopt(stage, stage.openTab()),
  },
  {
    name: 'a token is renewed while the older one is refused',
    jobs: 2,
    queue: { prepare: (request) => request },
    script: async (stage) => {
      let isRenewed = false;
      stage.service.behaviour = () => (isRenewed ? answer(200) : { ...answer(401), ms: 300 });
      const tab = stage.openTab();
      await stage.after(20);
      await Promise.all([stage.submit(tab, 'a'), stage.submit(tab, 'b')]);
      await stage.after(100);
      isRenewed = true;
      await tab.sluice.setContext({ token: 'newer' });
    },
    heal: async (stage) => {
      // Without a fault nobody has to say it again.
      if (stage.universe.strikes === 0) return;
      stage.service.behaviour = () => answer(200);
      await stage.openTab().sluice.setContext({ token: 'newer' });
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
