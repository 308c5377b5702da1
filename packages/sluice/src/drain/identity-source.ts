import type { Identity } from '../core/identity.js';
import type { Notify } from '../core/ports.js';
import { openIdentity } from '../store/identity.js';
import type { Database } from '../store/rows.js';

/** Who is signed in, as this context knows it: what it captures is theirs. */
export interface IdentitySource {
  /** As of this call, whatever comes while it is awaited. */
  current(): Promise<Identity>;
  /** Resolves once every earlier `current` has its answer, and who is signed in was read anew. */
  refresh(): Promise<void>;
}

export function createIdentitySource(database: Database, notify: Notify): IdentitySource {
  let known: Promise<Identity> | undefined;
  notify.listen((events) => {
    if (events.some(({ type }) => type === 'identified')) known = undefined;
  });
  const current = (): Promise<Identity> => {
    known ??= openIdentity(database).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
  return {
    current,
    refresh: async () => {
      await current().catch(() => undefined);
      known = undefined;
      await current();
    },
  };
}
