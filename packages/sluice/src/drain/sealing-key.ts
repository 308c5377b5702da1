import type { Owner } from '../core/identity.js';
import type { Notify } from '../core/ports.js';
import { keyOrCandidate, readOwner, signedOut } from '../store/owners.js';
import type { Database, OwnerRow } from '../store/rows.js';
import { createSealingKey } from '../transport/cipher.js';
import type { KeyRing, SealingKeys } from '../transport/seal.js';

/** The key of each owner, made by whoever needs it first. It cannot leave the browser. */
export function createSealingKeys(database: Database, notify: Notify): SealingKeys {
  const known = new Map<Owner, Promise<KeyRing>>();
  // Whoever was cleared has no key any more, here neither; whoever has adopted has others, too.
  notify.listen((events) => {
    if (events.some(({ type }) => type === 'identified')) known.clear();
  });
  return (owner, isFresh = false) => {
    const keys = (isFresh ? undefined : known.get(owner)) ?? loadKeys(database, owner);
    known.set(owner, keys);
    keys.catch(() => known.delete(owner));
    return keys;
  };
}

/** @throws SluiceError `signed-out` for an owner who was cleared */
async function loadKeys(database: Database, owner: Owner): Promise<KeyRing> {
  const row = await readOwner(database, owner);
  if (row?.user === undefined) throw signedOut();
  return ringOf(row.cryptoKey ? row : await keyOrCandidate(database, owner, await createSealingKey()));
}

function ringOf({ cryptoKey, inherited = {}, retired = {} }: OwnerRow): KeyRing {
  if (!cryptoKey) throw signedOut();
  return [cryptoKey, ...Object.values({ ...inherited, ...retired })];
}
