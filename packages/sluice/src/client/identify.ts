import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { World } from '../drain/world.js';
import { clearQueue, eraseForgotten } from '../store/clear.js';
import { adoptSomeMore, foreignSendUntil, forget, signIn } from '../store/identity.js';
import type { Sluice } from './sluice.js';

export interface IdentifyOptions extends Pick<World, 'database' | 'notify' | 'clock'> {
  /**
   * Resolves once everything that this page has asked for before has its owner, and whoever takes its requests has read
   * anew who is signed in.
   */
  barrier: () => Promise<void>;
}

/** A word may be lost: it is said again where nothing comes of it. */
const TELL_AGAIN_MS = 250;

export function createIdentify(options: IdentifyOptions): Pick<Sluice, 'identify' | 'clear'> {
  const { database, notify, clock, barrier } = options;
  /** What is on its way into the queue before belongs to whoever was signed in, what comes after does not. */
  const change = async (commit: () => Promise<SluiceEvent[]>): Promise<void> => {
    await barrier();
    notify.tell(await commit());
    await barrier();
    await whenReturned(options);
  };
  return {
    identify: async (user, { adopt = false } = {}) => {
      requireUser(user);
      await change(() => signIn(database, { user, adopt, now: clock.now() }));
      if (adopt) while (await adoptSomeMore(database, clock.now()));
    },
    clear: async (filter) => {
      if ('queue' in filter) return notify.tell(await clearQueue(database, filter.queue, clock.now()));
      requireUser(filter.identity);
      await change(() => forget(database, filter.identity, clock.now()));
      notify.tell(await whenErased(options));
    },
  };
}

/** Of everybody who was forgotten: what an earlier call has begun and could not end is made up for. */
async function whenErased(options: IdentifyOptions): Promise<SluiceEvent[]> {
  const erased = await eraseForgotten(options.database, options.clock.now());
  if (erased) return erased;
  await whenReturned(options);
  return whenErased(options);
}

/** Resolves when no send of another user can be under way any more: each was given back, or its lease has ended. */
async function whenReturned(options: IdentifyOptions): Promise<void> {
  const { database, notify, clock } = options;
  for (;;) {
    const until = await foreignSendUntil(database, clock.now());
    if (until <= clock.now()) return;
    const isSilent = await hearsNothing(options, Math.min(until, clock.now() + TELL_AGAIN_MS));
    if (isSilent) notify.tell([{ type: 'identified' }]);
  }
}

/** Whether nothing at all has happened by then. */
function hearsNothing({ notify, clock }: IdentifyOptions, at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (isSilent: boolean): void => {
      callOff();
      stopListening();
      resolve(isSilent);
    };
    const callOff = clock.at(at, () => end(true));
    const stopListening = notify.listen(() => end(false));
  });
}

const LONGEST_NAME = 256;

function requireUser(user: string | null): void {
  if (user === null || (typeof user === 'string' && user.length >= 1 && user.length <= LONGEST_NAME)) return;
  throw new SluiceError(
    'config-invalid',
    `identify: the user is ${JSON.stringify(user)}; allowed: a string of 1 to ${LONGEST_NAME} characters, or null for nobody.`,
    { value: user },
  );
}
