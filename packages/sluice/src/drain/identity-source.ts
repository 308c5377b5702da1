import type { Identity } from '../core/identity.js';
import type { Clock, Notify } from '../core/ports.js';
import { openIdentity } from '../store/identity.js';
import type { Database } from '../store/rows.js';

/** Who was signed in, and when that was asked, in epoch ms. */
export interface IdentityThen extends Identity {
  askedAt: number;
}

/** Who is signed in, as this context knows it: what it captures is theirs. */
export interface IdentitySource {
  /** As of this call, whatever comes while it is awaited. */
  current(): Promise<IdentityThen>;
  /** The next `current` reads anew. */
  forget(): void;
  /** Resolves once every earlier `current` has its answer, and who is signed in was read anew. */
  refresh(): Promise<void>;
}

export function createIdentitySource(
  database: Database,
  { notify, clock }: { notify: Notify; clock: Clock },
): IdentitySource {
  let known: Promise<Identity> | undefined;
  const forget = (): void => {
    known = undefined;
  };
  notify.listen((events) => {
    if (events.some(({ type }) => type === 'identified')) forget();
  });
  const current = async (): Promise<IdentityThen> => {
    const askedAt = clock.now();
    known ??= openIdentity(database).catch((error: unknown) => {
      forget();
      throw error;
    });
    return { ...(await known), askedAt };
  };
  return {
    current,
    forget,
    refresh: async () => {
      await current().catch(() => undefined);
      forget();
      await current();
    },
  };
}
