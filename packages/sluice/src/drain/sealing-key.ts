import type { Owner } from '../core/identity.js';
import type { Notify } from '../core/ports.js';
import { keyOrCandidate, readOwner, signedOut } from '../store/owners.js';
import type { Database } from '../store/rows.js';
import { createSealingKey } from '../transport/seal.js';

export type SealingKeys = (owner: Owner) => Promise<CryptoKey>;

/** The key of each owner, made by whoever needs it first. It cannot leave the browser. */
export function createSealingKeys(database: Database, notify: Notify): SealingKeys {
  const known = new Map<Owner, Promise<CryptoKey>>();
  // Whoever was cleared has no key any more, here neither.
  notify.listen((events) => {
    if (events.some(({ type }) => type === 'identified')) known.clear();
  });
  return (owner) => {
    const key = known.get(owner) ?? loadKey(database, owner);
    known.set(owner, key);
    key.catch(() => known.delete(owner));
    return key;
  };
}

/** @throws SluiceError `signed-out` for an owner who was cleared */
async function loadKey(database: Database, owner: Owner): Promise<CryptoKey> {
  const row = await readOwner(database, owner);
  if (row?.user === undefined) throw signedOut();
  return row.cryptoKey ?? keyOrCandidate(database, owner, await createSealingKey());
}
