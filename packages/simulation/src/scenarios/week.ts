import type { Reaction } from '../service.ts';
import type { Scenario } from '../scenario.ts';
import type { Stage } from '../stage.ts';
import type { Tab } from '../tab.ts';
import { answer } from './parts.ts';
import { bothSignIn } from './users.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAYS = 7;

/** An app as it is used, all of it by chance: the seed is the week. */
export const WEEK: Scenario = {
  name: 'a week',
  jobs: 3,
  mayDie: true,
  mayRefuse: true,
  scriptMs: (DAYS + 1) * 24 * HOUR_MS,
  queue: { respond: 'receipt', ttlMs: 30 * 24 * HOUR_MS, resultsKeptMs: 30 * 24 * HOUR_MS },
  script: async (stage) => {
    stage.service.behaviour = () => moodOf(stage.universe.chance());
    for (let day = 0; day < DAYS; day++) await liveADay(stage, day);
  },
  heal: async (stage) => {
    stage.service.behaviour = () => answer(200);
    await bothSignIn(stage);
  },
};

/** The same, with all of it sealed. */
export const SEALED_WEEK: Scenario = {
  ...WEEK,
  name: 'a sealed week',
  canary: 'everywhere',
  queue: { ...WEEK.queue, seal: 'all' },
};

function moodOf(chance: number): Reaction {
  if (chance < 0.02) return answer(503);
  if (chance < 0.03) return answer(429, { 'Retry-After': '5' });
  if (chance < 0.04) return answer(500);
  if (chance < 0.05) return { kind: 'lose-answer' };
  if (chance < 0.06) return { kind: 'drop' };
  if (chance < 0.065) return { kind: 'hang' };
  if (chance < 0.075) return answer(422);
  return { ...answer(200), ms: chance * 500 };
}

/** Somebody signs in, submits things over six hours or so, and leaves with whatever is not sent yet. */
async function liveADay(stage: Stage, day: number): Promise<void> {
  const { universe } = stage;
  const endsAt = universe.timeline.now + 24 * HOUR_MS;
  const tabs = new Set([stage.openTab()]);
  const user = universe.chance() < 0.5 ? 'ann' : 'bob';
  const [first] = tabs;
  await stage.after(20);
  if (first && (await inTime(stage, stage.signIn(first, user)))) {
    for (let hour = 0; hour < 6; hour++) {
      await stage.after(universe.between(10 * MINUTE_MS, 90 * MINUTE_MS));
      befall(stage, tabs);
      if (tabs.size === 0 && !(await comeBack(stage, tabs))) break;
      await submitSome(stage, [...tabs], `${user}${day}${hour}`);
    }
  }
  for (const tab of tabs) stage.closeTab(tab);
  stage.service.isDown = false;
  await stage.after(endsAt - universe.timeline.now);
}

/** What may happen within an hour, besides the faults that strike single calls. */
function befall(stage: Stage, tabs: Set<Tab>): void {
  const { universe, service } = stage;
  if (universe.chance() < 0.2) service.isDown = !service.isDown;
  if (universe.chance() < 0.05) stage.setWallClock(-universe.between(0, HOUR_MS));
  if (universe.chance() < 0.05) stage.deploy({});
  for (const tab of tabs) {
    const chance = universe.chance();
    if (chance < 0.1) stage.closeTab(tab);
    else if (chance < 0.2) tab.freeze(universe.between(1000, 20 * MINUTE_MS));
    else if (chance < 0.23) tab.kill();
    if (chance < 0.1 || !tab.isAlive) tabs.delete(tab);
  }
}

/** A page tells at its start who is signed in. */
async function comeBack(stage: Stage, tabs: Set<Tab>): Promise<boolean> {
  const tab = stage.openTab();
  await stage.after(20);
  const isKnown = await inTime(stage, tab.sluice.identify(stage.service.session || null));
  if (isKnown) tabs.add(tab);
  return isKnown;
}

async function submitSome(stage: Stage, tabs: readonly Tab[], name: string): Promise<void> {
  const { universe } = stage;
  const count = Math.ceil(universe.between(0, 9));
  for (let i = 0; i < count; i++) {
    const tab = tabs[Math.floor(universe.chance() * tabs.length)] as Tab;
    const body = `${name}${i}`;
    // Nobody waits for it: it may never come back from where it was struck.
    const sending =
      universe.chance() < 0.5
        ? stage.submit(tab, body)
        : stage.ask(tab, body, { priority: Math.floor(universe.between(-2, 3)) });
    sending.catch(() => undefined);
    await stage.after(universe.between(0, 400));
  }
}

/** Whether it was done before somebody lost patience: what a fault has struck is never answered. */
function inTime(stage: Stage, work: Promise<unknown>): Promise<boolean> {
  const done = work.then(
    () => true,
    () => false,
  );
  return Promise.race([done, stage.after(MINUTE_MS).then(() => false)]);
}
