import { SluiceError } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import type { Secrets } from '../core/job.js';
import { type QueueRow, signedIn } from '../core/queue-row.js';
import { ownerIn } from './identity.js';
import { type Database, EVERYTHING, type OwnerRow, type Plan } from './rows.js';

const READ: Plan = { tables: ['owners'], mode: 'readonly', durability: 'relaxed' };

export function readOwner(database: Database, owner: Owner): Promise<OwnerRow | undefined> {
  return database.run(READ, (tx) => tx.get('owners', owner));
}

/** An owner with a key, or else with `candidate`, stored: two contexts that both make one end up with the same. */
export function keyOrCandidate(database: Database, owner: Owner, candidate: CryptoKey): Promise<OwnerRow> {
  return database.run({ ...READ, mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const row = await tx.get('owners', owner);
    if (row?.user === undefined) throw signedOut();
    const keyed = { ...row, cryptoKey: row.cryptoKey ?? candidate };
    tx.put('owners', keyed);
    return keyed;
  });
}

/** Stores what `prepare` gets for the jobs of an owner; queues that waited for sign-in may try again. */
export function writeContext(database: Database, owner: Owner, context: Secrets): Promise<string[]> {
  const tables = ['meta', 'owners', 'queues'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const row = await tx.get('owners', owner);
    if (row?.user === undefined || owner !== (await ownerIn(tx))) throw signedOut();
    tx.put('owners', { ...row, context });
    const rows: QueueRow[] = await tx.all('queues', EVERYTHING);
    for (const queue of rows) tx.put('queues', { ...queue, ...signedIn(queue) });
    return rows.filter(({ awaitsSignIn }) => awaitsSignIn).map(({ name }) => name);
  });
}

/** Whoever it was for is not signed in any more. */
export function signedOut(): SluiceError {
  return new SluiceError(
    'signed-out',
    'the user was cleared or has signed out meanwhile; nothing was stored.',
  );
}
