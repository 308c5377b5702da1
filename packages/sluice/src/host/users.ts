import { SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Runtime } from '../drain/runtime.js';
import { clearQueue, eraseForgotten } from '../store/clear.js';
import { adoptSomeMore, foreignSendUntil, forget, signIn } from '../store/identity.js';

type UsersOptions = Pick<Runtime, 'database' | 'notify' | 'clock' | 'identity'>;

/** A word may be lost: it is said again where nothing comes of it. */
const TELL_AGAIN_MS = 250;

/** Who is signed in. The page sees to what it has under way itself, and to its service worker. */
export interface Users {
  identify(user: string | null, options?: { adopt?: boolean }): Promise<void>;
  /** Signs a user out, and forgets them. */
  forget(filter: { identity: string | null }): Promise<void>;
  clear(filter: { queue: string }): Promise<void>;
  /** Resolves when no send of another user can be under way any more; after `forget`, once what is theirs is erased. */
  whenReturned(isForgetting: boolean): Promise<void>;
}

export function createUsers(options: UsersOptions): Users {
  const { database, notify, clock, identity } = options;
  /** What is on its way into the queue before belongs to the user before; what comes after does not. */
  const change = async (commit: () => Promise<SluiceEvent[]>): Promise<void> => {
    await identity.refresh().catch(() => undefined);
    notify.tell(await commit());
    await identity.refresh().catch(() => undefined);
  };
  return {
    identify: async (user, { adopt = false } = {}) => {
      requireUser(user);
      await change(() => signIn(database, { user, adopt, now: clock.now() }));
      if (adopt) while (await adoptSomeMore(database, clock.now()));
    },
    forget: async ({ identity: user }) => {
      requireUser(user);
      await change(() => forget(database, user, clock.now()));
    },
    clear: async ({ queue }) => notify.tell(await clearQueue(database, queue, clock.now())),
    whenReturned: async (isForgetting) => {
      await whenReturned(options);
      if (isForgetting) notify.tell(await whenErased(options));
    },
  };
}

/** Of everybody who was forgotten: what an earlier call has begun and could not end is made up for. */
async function whenErased(options: UsersOptions): Promise<SluiceEvent[]> {
  const erased = await eraseForgotten(options.database, options.clock.now());
  if (erased) return erased;
  await whenReturned(options);
  return whenErased(options);
}

/** Resolves when no send of another user can be under way any more: each was given back, or its lease has ended. */
async function whenReturned(options: UsersOptions): Promise<void> {
  const { database, notify, clock } = options;
  for (;;) {
    const until = await foreignSendUntil(database, clock.now());
    if (until <= clock.now()) return;
    const isSilent = await hearsNothing(options, Math.min(until, clock.now() + TELL_AGAIN_MS));
    if (isSilent) notify.tell([{ type: 'identified' }]);
  }
}

/** Whether nothing at all has happened by then. */
function hearsNothing({ notify, clock }: UsersOptions, at: number): Promise<boolean> {
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
