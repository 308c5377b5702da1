import type { Drain, Wake } from '../core/wake-state.js';
import type { Runtime } from '../drain/runtime.js';
import { sleepUntil } from '../transport/sleep-until.js';
import { drainAlone } from './drain-alone.js';

export interface WakeUp {
  /** Sees to it that what was just stored is sent, whatever becomes of the page. */
  onAccepted(event: { waitUntil(work: Promise<unknown>): void }): void;
}

/** Chromium ends a sync event after 180 s (its `background_sync_parameters`): stop well before. */
const SYNC_MS = 150_000;

/** Firefox ends any event after some 60 s, WebKit a service worker some 10 s after its last page. */
const EVENT_MS = 30_000;

/** A page that has just been opened takes so long until its worker asks for the lock. */
const GRACE_MS = 1500;

/**
 * @param ringWith the bell: Background Sync, where there is one
 * @param begin comes before an engine begins
 */
export function createWakeUp(
  runtime: Runtime,
  ringWith: (name: string, drain: Drain) => Wake,
  begin: () => Promise<unknown>,
): WakeUp {
  const { clock, notify, definition } = runtime;
  let isRegistered = false;
  let isWanted = false;
  let isDraining = false;
  let underWay = 0;
  let release = (): void => undefined;

  const wake = ringWith(definition.name, async ({ isLastChance }) => {
    isRegistered = false;
    notify.tell([{ type: 'wake', isLastChance }]);
    // The browser tries a failed sync again, later each time; one registered in mid-event fires again at once. So that is for
    // the last try alone, after which the browser forgets the sync; and first of all, since it may stop us in mid-drain.
    if (isLastChance) isRegistered = (await wake.register()).kind !== 'refused';
    const isDone = await drainAlone(runtime, { untilAt: clock.now() + SYNC_MS, begin, leaveToPages: false });
    if (!isDone && !isLastChance) isRegistered = true;
    return isDone;
  });

  async function register(): Promise<void> {
    if (isRegistered) return;
    isRegistered = true;
    const state = await wake.register();
    if (state.kind === 'ready') notify.tell([{ type: 'wake-ready' }]);
    if (state.kind !== 'refused') return;
    isRegistered = false;
    notify.tell([{ type: 'wake-refused', detail: state.detail }]);
  }

  /** Where no worker of a page drains, this event does, for as long as it may live. */
  async function drainWhileWanted(): Promise<void> {
    isDraining = true;
    // What comes in meanwhile brings an event of its own, and with it the time for another round.
    while (isWanted) {
      isWanted = false;
      await sleepUntil(clock, clock.now() + GRACE_MS);
      const untilAt = clock.now() + EVENT_MS;
      await drainAlone(runtime, { untilAt, begin, leaveToPages: true }).catch(() => false);
    }
    isDraining = false;
  }

  async function keepAwake(work: Promise<void>): Promise<void> {
    underWay += 1;
    await work;
    underWay -= 1;
    if (underWay === 0) release();
  }

  return {
    onAccepted: (event) => {
      // The youngest event lives longest, and it alone is kept: a burst would hold thousands, and something of each for as
      // long as requests come.
      release();
      event.waitUntil(new Promise<void>((resolve) => (release = resolve)));
      isWanted = true;
      void keepAwake(register());
      if (!isDraining) void keepAwake(drainWhileWanted());
    },
  };
}
