import type { SluiceEvent } from '../core/events.js';
import type { Identity, Owner } from '../core/identity.js';
import { MAX_AHEAD_MS } from '../core/pace.js';
import { PASS_GRACE_MS } from '../core/pass.js';
import { type QueueRow, signedIn } from '../core/queue-row.js';
import { leasedJobs } from './leases.js';
import { type Ledger, move } from './ledger.js';
import { foreignPassUntil } from './passes.js';
import { adoptMore, adoptRest, beginAdoption } from './adopt.js';
import { type Database, EVERYTHING, type MetaRow, type OwnerRow, type Plan, type Tx } from './rows.js';

const READ: Plan = { tables: ['meta', 'owners'], mode: 'readonly', durability: 'relaxed' };
const WRITE: Plan = {
  tables: ['meta', 'owners', 'queues', 'jobs', 'flows', 'twins', 'results'],
  mode: 'readwrite',
  durability: 'strict',
};

const NOBODY = '';

/** Who is signed in. Where nobody was ever asked, that is nobody, and is written down so. */
export async function openIdentity(database: Database): Promise<Identity> {
  const standing = await database.run(READ, identityIn);
  if (standing) return standing;
  return database.run({ ...WRITE, tables: ['meta', 'owners', 'queues'] }, async (tx) => {
    if (!(await currentOwner(tx))) await newOwner(tx, NOBODY);
    return (await identityIn(tx)) as Identity;
  });
}

/** Whose jobs are sent, within a transaction that writes `meta` and `owners`, and reads `queues`. */
export async function ownerIn(tx: Tx): Promise<Owner> {
  const row = await identityRow(tx);
  return row ? row.owner : (await newOwner(tx, NOBODY)).owner;
}

export async function identityRow(tx: Tx): Promise<Extract<MetaRow, { key: 'identity' }> | undefined> {
  const row = await tx.get('meta', 'identity');
  return row?.key === 'identity' ? row : undefined;
}

/**
 * By chance: what comes late from before storage was cleared must find no owner. An earlier version has given its queues one
 * before there was anybody.
 */
async function firstOwner(tx: Tx): Promise<Owner> {
  const [queue] = await tx.all('queues', { ...EVERYTHING, count: 1 });
  const chance = crypto.getRandomValues(new Uint8Array(OWNER_BYTES));
  return queue?.owner ?? chance.reduce((number, byte) => number * 256 + byte, 1);
}

/** Far below the largest integer that is exact. */
const OWNER_BYTES = 5;

export interface SignIn {
  user: string | null;
  /** What nobody has submitted is theirs from now on. */
  adopt: boolean;
  now: number;
}

/**
 * Somebody signs in, or out: from this commit on nothing of anybody else is claimed, and what is leased of theirs is
 * recalled. What `setContext` had handed over is forgotten.
 */
export function signIn(database: Database, { user, adopt, now }: SignIn): Promise<SluiceEvent[]> {
  return database.run(WRITE, async (tx) => {
    const before = (await currentOwner(tx)) ?? (await newOwner(tx, NOBODY));
    const nobody = adopt ? await ownerOf(tx, NOBODY) : undefined;
    const next = await switchTo(tx, user ?? NOBODY, now);
    if (nobody && nobody.owner !== next.owner) await handOverKey(tx, next, nobody);
    if (next.owner !== before.owner) await forgetContext(tx, before);
    return changeQueues(tx, { owner: next.owner, adopted: nobody?.owner, now });
  });
}

/**
 * A user is forgotten: from this commit on nothing of theirs is stored, unsealed or claimed, and their rows are left to be erased.
 * Whoever is forgotten while signed in is signed out.
 */
export function forget(database: Database, user: string | null, now: number): Promise<SluiceEvent[]> {
  return database.run(WRITE, async (tx) => {
    const row = await ownerOf(tx, user ?? NOBODY);
    for (const ledger of await openLedgers(tx, now)) {
      if (ledger.row.adopting === undefined) continue;
      await adoptRest(ledger);
      tx.put('queues', ledger.row);
    }
    if (row) {
      tx.put('owners', { owner: row.owner });
      await forgetKeys(tx, row);
    }
    if (row?.owner !== (await ownerIn(tx))) return [{ type: 'identified' }];
    const { owner } = await switchTo(tx, NOBODY, now);
    return changeQueues(tx, { owner, adopted: undefined, now });
  });
}

async function switchTo(tx: Tx, user: string, now: number): Promise<OwnerRow> {
  const before = await ownerIn(tx);
  const next = (await ownerOf(tx, user)) ?? (await newOwner(tx, user));
  if (next.owner !== before) await makeCurrent(tx, next, now);
  return next;
}

interface Change {
  owner: Owner;
  /** Whose jobs become theirs. */
  adopted: Owner | undefined;
  now: number;
}

async function changeQueues(tx: Tx, { owner, adopted, now }: Change): Promise<SluiceEvent[]> {
  const ledgers = await openLedgers(tx, now);
  for (const ledger of ledgers) {
    if (owner !== ledger.row.owner) await adoptRest(ledger);
    Object.assign(ledger.row, changeTo(owner, ledger.row));
    if (adopted !== undefined) await beginAdoption(ledger, adopted);
    await recallOthers(ledger);
    tx.put('queues', ledger.row);
  }
  return [{ type: 'identified' }];
}

/** Some more of what a sign-in has adopted. Answers whether any is left. */
export function adoptSomeMore(database: Database, now: number): Promise<boolean> {
  return database.run(WRITE, async (tx) => {
    const ledgers = (await openLedgers(tx, now)).filter(({ row }) => row.adopting !== undefined);
    for (const ledger of ledgers) {
      await adoptMore(ledger);
      tx.put('queues', ledger.row);
    }
    return ledgers.some(({ row }) => row.adopting !== undefined);
  });
}

/** The instant at which the last send of another user ends by time, of a job or past the queue; 0 where there is none. */
export function foreignSendUntil(database: Database, now: number): Promise<number> {
  return database.run({ ...READ, tables: ['meta', 'queues', 'jobs'] }, (tx) => foreignSendIn(tx, now));
}

async function foreignSendIn(tx: Tx, now: number): Promise<number> {
  const ends = [0];
  // What another clock has written may lie hours ahead; what was recalled as they changed is not renewed.
  const since = Math.min((await identityRow(tx))?.since ?? now, now);
  for (const ledger of await openLedgers(tx, now)) {
    const { row } = ledger;
    ends.push(foreignPassUntil(row, now));
    const longest = since + MAX_AHEAD_MS + PASS_GRACE_MS + row.policy.leaseMs;
    const jobs = (await leasedJobs(ledger)).filter(({ owner }) => owner !== row.owner);
    ends.push(...jobs.map(({ state }) => Math.min(state.at, longest)));
  }
  return Math.max(...ends);
}

/**
 * Owners whose user was forgotten, and of whom rows may be left. Undefined while a send of another user may be under way: what is erased
 * could no longer be waited for.
 */
export function forgottenOwners(database: Database, now: number): Promise<Owner[] | undefined> {
  return database.run({ ...READ, tables: ['meta', 'owners', 'queues', 'jobs'] }, async (tx) => {
    const owners = await tx.all('owners', { from: [0], to: [Number.POSITIVE_INFINITY] });
    const forgotten = owners.filter(({ user }) => user === undefined).map(({ owner }) => owner);
    return forgotten.length > 0 && (await foreignSendIn(tx, now)) > now ? undefined : forgotten;
  });
}

/** The owner that stands for a user, if any. */
async function ownerOf(tx: Tx, user: string): Promise<OwnerRow | undefined> {
  const [row] = await tx.all('owners', { index: 'byUser', from: [user], to: [user], count: 1 });
  return row;
}

async function openLedgers(tx: Tx, now: number): Promise<Ledger[]> {
  const rows: QueueRow[] = await tx.all('queues', EVERYTHING);
  return rows.map((row) => ({ tx, row, now, events: [] }));
}

function changeTo(owner: Owner, row: QueueRow): Partial<QueueRow> {
  if (owner === row.owner) return signedIn(row);
  return { owner, ...signedIn(row), metrics: { ...row.metrics, oldest: { kind: 'from', seq: 0 } } };
}

async function recallOthers(ledger: Ledger): Promise<void> {
  for (const job of await leasedJobs(ledger)) {
    const { state, owner } = job;
    if (state.kind !== 'leased' || owner === ledger.row.owner || state.recall !== undefined) continue;
    move(ledger, job, { ...state, recall: 'return' });
  }
}

async function currentOwner(tx: Tx): Promise<OwnerRow | undefined> {
  return tx.get('owners', await ownerIn(tx));
}

async function newOwner(tx: Tx, user: string): Promise<OwnerRow> {
  const owner = (await identityRow(tx))?.next ?? (await firstOwner(tx));
  const row = { owner, user };
  tx.put('owners', row);
  tx.put('meta', { key: 'identity', owner, next: owner + 1 });
  return row;
}

async function makeCurrent(tx: Tx, { owner }: OwnerRow, since: number): Promise<void> {
  const next = (await identityRow(tx))?.next ?? owner + 1;
  tx.put('meta', { key: 'identity', owner, next, since });
}

/**
 * What is adopted was sealed by another, who seals with a new key from now on: the one that goes along is to be forgotten with
 * whoever adopts.
 */
async function handOverKey(tx: Tx, heir: OwnerRow, from: OwnerRow): Promise<void> {
  const { cryptoKey, ...rest } = from;
  const { inherited, retired } = rest;
  const given = cryptoKey ? { [await nextNumber(tx)]: cryptoKey } : {};
  tx.put('owners', { ...heir, inherited: { ...heir.inherited, ...inherited, ...retired, ...given } });
  tx.put('owners', { ...rest, retired: { ...retired, ...given } });
}

/** Of the numbers of owners: no key has that of one, but for those that an earlier version has given along. */
async function nextNumber(tx: Tx): Promise<number> {
  const meta = (await identityRow(tx)) as Extract<MetaRow, { key: 'identity' }>;
  tx.put('meta', { ...meta, next: meta.next + 1 });
  return meta.next;
}

/** Nothing that was adopted opens any more, whoever else has kept the key. */
async function forgetKeys(tx: Tx, { owner, inherited = {} }: OwnerRow): Promise<void> {
  const adopted = new Set(Object.keys(inherited));
  if (adopted.size === 0) return;
  for (const row of await tx.all('owners', { from: [0], to: [Number.POSITIVE_INFINITY] })) {
    if (row.owner === owner) continue;
    const { cryptoKey, ...rest } = row;
    // Earlier versions gave a key along under the number of its owner, who went on sealing with it.
    const own = cryptoKey && !adopted.has(String(row.owner)) ? { cryptoKey } : {};
    tx.put('owners', { ...rest, ...own, ...without(adopted, rest) });
  }
}

function without(
  gone: ReadonlySet<string>,
  { inherited, retired }: OwnerRow,
): Pick<OwnerRow, 'inherited' | 'retired'> {
  const kept = (keys: Record<number, CryptoKey>): Record<number, CryptoKey> =>
    Object.fromEntries(Object.entries(keys).filter(([number]) => !gone.has(number)));
  return {
    ...(inherited ? { inherited: kept(inherited) } : {}),
    ...(retired ? { retired: kept(retired) } : {}),
  };
}

async function forgetContext(tx: Tx, { owner }: OwnerRow): Promise<void> {
  const row = await tx.get('owners', owner);
  if (!row) return;
  const { context: _, ...rest } = row;
  tx.put('owners', rest);
}

async function identityIn(tx: Tx): Promise<Identity | undefined> {
  const meta = await identityRow(tx);
  const row = meta && (await tx.get('owners', meta.owner));
  return row && { owner: meta.owner, user: userOf(row), since: meta.since ?? 0 };
}

function userOf({ user }: OwnerRow): string | null {
  return user === undefined || user === NOBODY ? null : user;
}
