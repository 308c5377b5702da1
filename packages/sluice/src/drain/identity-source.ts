import type { Identity, Owner } from '../core/identity.js';
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
  /** Runs `send`. Its signal aborts as soon as this context reads that another than `owner` is signed in. */
  during<T>(owner: Owner, send: (signedOut: AbortSignal) => Promise<T>): Promise<T>;
}

interface Send {
  owner: Owner;
  signedOut: AbortController;
}

export function createIdentitySource(
  database: Database,
  { notify, clock }: { notify: Notify; clock: Clock },
): IdentitySource {
  let known: Promise<Identity> | undefined;
  const forget = (): void => {
    known = undefined;
  };
  const sends = new Set<Send>();
  const read = async (): Promise<Identity> => {
    const identity = await openIdentity(database);
    for (const { owner, signedOut } of sends) if (owner !== identity.owner) signedOut.abort();
    return identity;
  };
  const current = async (): Promise<IdentityThen> => {
    const askedAt = clock.now();
    known ??= read().catch((error: unknown) => {
      forget();
      throw error;
    });
    return { ...(await known), askedAt };
  };
  notify.listen((events) => {
    if (!events.some(({ type }) => type === 'identified')) return;
    forget();
    if (sends.size > 0) current().catch(() => undefined);
  });
  return {
    current,
    forget,
    refresh: async () => {
      await current().catch(() => undefined);
      forget();
      await current();
    },
    during: async (owner, work) => {
      const send = { owner, signedOut: new AbortController() };
      sends.add(send);
      return work(send.signedOut.signal).finally(() => sends.delete(send));
    },
  };
}
