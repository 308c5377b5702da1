import { leaderState, STEAL_AFTER_MS } from '../drain/leadership.js';
import type { Runtime } from '../drain/runtime.js';
import { sleepUntil } from '../transport/sleep-until.js';

const LOOK_EVERY_MS = 2000;

export interface DrainAloneOptions {
  /** The instant to be done at. */
  untilAt: number;
  /** Comes before an engine begins. */
  begin: () => Promise<unknown>;
  /** Go as soon as the engine of a page shows a sign of life; otherwise stay, to take over when that page closes. */
  leaveToPages: boolean;
}

/**
 * Drains in a service worker, for as long as its event may live and no page does it. It never waits in line for the
 * lock: a waiting lock keeps the leader's page out of the back/forward cache.
 *
 * @returns whether nothing is left that an engine could do
 */
export async function drainAlone(runtime: Runtime, options: DrainAloneOptions): Promise<boolean> {
  const { clock } = runtime;
  const { untilAt, leaveToPages } = options;
  let staleSince: number | undefined;
  while (clock.now() < untilAt) {
    const state = await leaderState(runtime);
    if (state === 'idle') return true;
    // A leader that had nothing to do shows its first sign of life a moment after a job has come in.
    staleSince = state === 'stale' ? (staleSince ?? clock.now()) : undefined;
    const steal = staleSince !== undefined && clock.now() - staleSince >= STEAL_AFTER_MS;
    const led = await lockAndLead(runtime, { steal }, () => leadUntil(runtime, options));
    if (led === 'exhausted' || (led === 'taken' && state === 'alive' && leaveToPages)) break;
    await sleepUntil(clock, Math.min(clock.now() + LOOK_EVERY_MS, untilAt));
  }
  return (await leaderState(runtime)) === 'idle';
}

/** `exhausted`: nothing more falls due before the end. `yielded`: a page has asked for the seat. */
type Led = 'exhausted' | 'yielded';

/** `steal` only from a leader that is frozen: whoever holds the lock and beats is left alone. */
async function lockAndLead(
  { locks, definition: { name } }: Runtime,
  { steal }: { steal: boolean },
  lead: () => Promise<Led>,
): Promise<Led | 'taken'> {
  if (!locks) return lead();
  const free = await locks.request(name, { ifAvailable: true }, (lock) => (lock ? lead() : 'taken'));
  if (free !== 'taken' || !steal) return free;
  return locks.request(name, { steal: true }, lead);
}

async function leadUntil(
  runtime: Runtime,
  { untilAt, begin }: Pick<DrainAloneOptions, 'untilAt' | 'begin'>,
): Promise<Led> {
  const { clock, notify, locks } = runtime;
  const engine = runtime.startEngine({ isAlone: locks !== undefined, begin });
  let led: Led = 'exhausted';
  notify.tell([{ type: 'leading', host: 'service-worker' }]);
  const stopWatching = watchLine(runtime, () => {
    led = 'yielded';
    engine.windDown();
  });
  const callOff = clock.at(untilAt - WIND_DOWN_MS, () => engine.windDown());
  await Promise.race([engine.whenIdle(untilAt), sleepUntil(clock, untilAt)]);
  callOff();
  stopWatching();
  await engine.stop();
  return led;
}

/** Attempts that are under way near the end of the event get so long to end by themselves. */
const WIND_DOWN_MS = 10_000;

/** A page that opens meanwhile waits for the lock: its worker lives longer than this event. */
function watchLine({ clock, locks, definition }: Runtime, yieldSeat: () => void): () => void {
  if (!locks) return () => undefined;
  let callOff: () => void;
  const look = async (): Promise<void> => {
    const { pending = [] } = await locks.query();
    if (pending.some(({ name }) => name === definition.name)) yieldSeat();
    else arm();
  };
  const arm = (): void => {
    callOff = clock.at(clock.now() + LOOK_EVERY_MS, () => void look());
  };
  arm();
  return () => callOff();
}
