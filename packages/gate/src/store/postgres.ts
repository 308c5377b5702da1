import { Book, type KeyEntry, type Reads, type Snapshot } from '../core/book.js';
import { GateError } from '../core/errors.js';
import type { KeyId, KeyState } from '../core/key-row.js';
import type { StoredRequest } from '../core/line-job.js';
import { StoreClock } from '../core/store-clock.js';
import type { Engine, FoundEntry, HeldKey } from './engine.js';
import { entryOf, type KeyRecord, queueOf, type RequestRecord, requestOf } from './key-columns.js';
import { checkServer } from './postgres-check.js';
import { commitText, KEY_FIELDS, type PostgresClient, rowsOf, writeChanges } from './postgres-sql.js';
import { SCHEMA, SCHEMA_LOCK } from './postgres-schema.js';

/** What is used of a pool of the package `pg`. */
export interface PostgresPool<Client extends PostgresClient = PostgresClient> {
  connect(): Promise<Client>;
  on(event: 'connect', listener: (client: Client) => void): unknown;
}

/** The client of a pool. `pg` has a second `connect`, with a callback, which inference would take in its place. */
export type ClientOf<Pool> = Pool extends { connect: { (): Promise<infer Client>; (callback: never): void } }
  ? Client extends PostgresClient
    ? Client
    : PostgresClient
  : PostgresClient;

export interface PostgresOptions {
  /** A transaction of the gate that takes longer has failed. Default 2000. */
  timeoutMs?: number;
}

/**
 * PostgreSQL from version 12 on: one schedule for all nodes, and an effect that commits with its key. The gate needs two connections of
 * the pool per queue, and one for each `once` that runs; a pool of its own keeps it independent of the rest of the service.
 */
export function postgres<Pool extends PostgresPool>(
  pool: Pool,
  { timeoutMs = 2000 }: PostgresOptions = {},
): Engine<ClientOf<Pool>> {
  return new Postgres(pool as unknown as PostgresPool<ClientOf<Pool>>, timeoutMs);
}

/** Epoch ms by a clock that never runs back. */
const localNow = (): number => performance.timeOrigin + performance.now();

const CLOCK = 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS now';

class Postgres<Client extends PostgresClient> implements Engine<Client> {
  readonly isShared = true;
  readonly #pool: PostgresPool<Client>;
  readonly #timeoutMs: number;
  readonly #clock = new StoreClock();

  constructor(pool: PostgresPool<Client>, timeoutMs: number) {
    this.#pool = pool;
    // One that breaks with the message that made it ready has no listener of the pool yet.
    pool.on('connect', (client) => client.on('error', ignore));
    this.#timeoutMs = timeoutMs;
  }

  async open(queues: readonly string[]): Promise<void> {
    await this.#withClient(async (client) => {
      await checkServer(client);
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK}); ${SCHEMA}; COMMIT`);
      const insert = 'INSERT INTO sluice_queues (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING';
      await client.query(insert, [queues]);
      this.#observe(await client.query(CLOCK));
    });
  }

  now(): number {
    return this.#clock.at(localNow());
  }

  async transact<T>(queue: string, reads: Reads, decide: (book: Book) => T): Promise<T> {
    return this.#withClient(async (client) => {
      const book = new Book(await this.#read(client, queue, reads));
      const result = decide(book);
      const changes = book.changes();
      await writeChanges(client, queue, changes);
      await client.query(changes.queue ? commitText(queue, changes.queue) : 'COMMIT');
      return result;
    });
  }

  async once(held: HeldKey | undefined, work: (tx: Client) => Promise<string>): Promise<string> {
    const client = await this.#connect();
    try {
      await client.query('BEGIN');
      const result = held ? await this.#heldWork(client, held, work) : await freeWork(client, work);
      await client.query('COMMIT');
      giveBack(client, false);
      return result;
    } catch (error) {
      const isBroken = await client.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      giveBack(client, isBroken);
      throw error;
    }
  }

  async requestsOf(queue: string, ids: readonly KeyId[]): Promise<(StoredRequest | undefined)[]> {
    const records = await this.#select<RequestRecord>(
      `SELECT k.identity, k.key, k.request, k.request_body FROM sluice_keys k
       JOIN unnest($2::text[], $3::text[]) AS asked (identity, key) USING (identity, key) WHERE k.queue = $1`,
      [queue, ids.map(({ identity }) => identity), ids.map(({ key }) => key)],
    );
    return ids.map((id) => {
      const record = records.find(({ identity, key }) => identity === id.identity && key === id.key);
      return record && requestOf(record);
    });
  }

  async look(tickets: readonly string[]): Promise<(FoundEntry | undefined)[]> {
    const records = await this.#select<KeyRecord>(
      `SELECT ${KEY_FIELDS} FROM sluice_keys WHERE ticket = ANY($1::text[])`,
      [tickets],
    );
    return tickets.map((ticket) => {
      const record = records.find((one) => one.ticket === ticket);
      return record && entryOf(record);
    });
  }

  async list(queue: string, state: KeyState, limit: number): Promise<KeyEntry[]> {
    const text = `SELECT ${KEY_FIELDS} FROM sluice_keys WHERE queue = $1 AND state = $2 ORDER BY keep_until LIMIT $3`;
    return (await this.#select<KeyRecord>(text, [queue, state, limit])).map(entryOf);
  }

  async counts(queue: string): Promise<Record<KeyState, number>> {
    const text = 'SELECT state, count(*)::int AS count FROM sluice_keys WHERE queue = $1 GROUP BY state';
    const records = await this.#select<{ state: KeyState; count: number }>(text, [queue]);
    const found = Object.fromEntries(records.map(({ state, count }) => [state, count]));
    return { waiting: 0, running: 0, done: 0, unknown: 0, dead: 0, ...found };
  }

  async sweep(queue: string, max: number): Promise<number> {
    const keys = await this.#select(
      `DELETE FROM sluice_keys WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM sluice_keys WHERE queue = $1 AND keep_until < $2
         AND (state IN ('done', 'unknown', 'dead') OR (state = 'running' AND ticket IS NULL AND lease_until < $2))
         ORDER BY keep_until LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [queue, this.now(), max],
    );
    const slots = await this.#select(
      `DELETE FROM sluice_slots WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM sluice_slots WHERE queue = $1 AND kept_until < $2 LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [queue, this.now(), max],
    );
    return keys.length + slots.length;
  }

  /** The pool is its owner's. */
  async close(): Promise<void> {}

  /** The queue's row is locked first: what comes after it sees all that was committed before. */
  async #read(client: Client, queue: string, reads: Reads): Promise<Snapshot> {
    const [, , , , locked, clock] = resultsOf(
      await client.query(
        `BEGIN; SET LOCAL statement_timeout = ${this.#timeoutMs}; SET LOCAL lock_timeout = ${this.#timeoutMs};
         SET LOCAL idle_in_transaction_session_timeout = ${this.#timeoutMs};
         SELECT * FROM sluice_queues WHERE name = '${queue}' FOR UPDATE; ${CLOCK}`,
      ),
    );
    const now = this.#observe(clock);
    const [record] = rowsOf(locked) as unknown as Parameters<typeof queueOf>;
    if (!record) throw new Error(`sluice_queues has no row of ${queue}`);
    return { queue: queueOf(record), now, ...(await this.#readRows(client, queue, reads, now)) };
  }

  async #readRows(
    client: Client,
    queue: string,
    { keys, slots, tickets, claims }: Reads,
    now: number,
  ): Promise<Omit<Snapshot, 'queue' | 'now'>> {
    const select = async (where: string, values: unknown[]): Promise<KeyEntry[]> => {
      const result = await client.query(`SELECT ${KEY_FIELDS} FROM sluice_keys ${where}`, values);
      return (rowsOf(result) as unknown as KeyRecord[]).map(entryOf);
    };
    const byKey = `JOIN unnest($2::text[], $3::text[]) AS asked (identity, key) USING (identity, key)
      WHERE queue = $1 FOR UPDATE OF sluice_keys`;
    const identities = keys.map(({ identity }) => identity);
    const names = keys.map(({ key }) => key);
    const byTicket = 'WHERE queue = $1 AND ticket = ANY($2::text[]) FOR UPDATE';
    const isWaiting = `WHERE queue = $1 AND state = 'waiting' AND not_before <= $2 ORDER BY at, key LIMIT $3`;
    const isExpired = `WHERE queue = $1 AND state = 'running' AND ticket IS NOT NULL AND lease_until <= $2 LIMIT $3
      FOR UPDATE SKIP LOCKED`;
    return {
      entries: [
        ...(keys.length > 0 ? await select(byKey, [queue, identities, names]) : []),
        ...(tickets.length > 0 ? await select(byTicket, [queue, tickets]) : []),
      ],
      usedSlots: slots.length > 0 ? await usedSlots(client, queue, slots) : [],
      waiting: claims > 0 ? await select(isWaiting, [queue, now, claims]) : [],
      expired: claims > 0 ? await select(isExpired, [queue, now, claims]) : [],
    };
  }

  /** The key is locked after the work is done, and not before: others may look at it meanwhile. */
  async #heldWork(client: Client, held: HeldKey, work: (tx: Client) => Promise<string>): Promise<string> {
    const where = `WHERE queue = $1 AND identity = $2 AND key = $3 AND lease = $4 AND state = 'running'`;
    const values = [held.queue, held.identity, held.key, held.lease];
    const [before] = rowsOf(await client.query(`SELECT committed FROM sluice_keys ${where}`, values));
    if (!before) throw leaseLost(held);
    if (typeof before.committed === 'string') return before.committed;
    const committed = await work(client);
    // A node that stops between these two would keep all others from the key.
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${this.#timeoutMs}`);
    const update = `UPDATE sluice_keys SET committed = $5 ${where} RETURNING 1`;
    if (rowsOf(await client.query(update, [...values, committed])).length === 0) throw leaseLost(held);
    return committed;
  }

  #observe(result: unknown): number {
    const [row] = rowsOf(result);
    const now = Number(row?.now);
    this.#clock.observe(now, localNow());
    return now;
  }

  async #select<Row>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#withClient(async (client) => rowsOf(await client.query(text, [...values])) as Row[]);
  }

  async #connect(): Promise<Client> {
    const deadline = deadlineAfter(this.#timeoutMs);
    const connecting = this.#pool.connect();
    try {
      const client = await Promise.race([connecting, deadline.passed]);
      // A connection that breaks between two queries tells it by an event, which would end the process.
      client.on('error', ignore);
      return client;
    } catch (cause) {
      connecting.then((late) => late.release(), ignore);
      throw unreachable(cause);
    } finally {
      deadline.cancel();
    }
  }

  /** A connection that has failed or taken too long is closed: the server rolls back what was not committed. */
  async #withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    const deadline = deadlineAfter(this.#timeoutMs);
    try {
      const result = await Promise.race([work(client), deadline.passed]);
      giveBack(client, false);
      return result;
    } catch (cause) {
      giveBack(client, true);
      throw cause instanceof GateError ? cause : unreachable(cause);
    } finally {
      deadline.cancel();
    }
  }
}

/** After an error that the work has swallowed PostgreSQL rolls back at COMMIT, and reports none: any other statement does. */
async function freeWork<Client extends PostgresClient>(
  client: Client,
  work: (tx: Client) => Promise<string>,
): Promise<string> {
  const result = await work(client);
  await client.query('SELECT');
  return result;
}

function giveBack(client: PostgresClient, isBroken: boolean): void {
  // Of a broken one, events may follow.
  if (!isBroken) client.off('error', ignore);
  client.release(isBroken);
}

async function usedSlots(
  client: PostgresClient,
  queue: string,
  serials: readonly number[],
): Promise<number[]> {
  const text = 'SELECT serial FROM sluice_slots WHERE queue = $1 AND serial = ANY($2::bigint[])';
  return rowsOf(await client.query(text, [queue, serials])).map(({ serial }) => Number(serial));
}

/** The results of several statements in one query. */
function resultsOf(result: unknown): unknown[] {
  return Array.isArray(result) ? result : [result];
}

function deadlineAfter(ms: number): { passed: Promise<never>; cancel: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  passed.catch(ignore);
  return { passed, cancel: () => clearTimeout(timer) };
}

function ignore(): void {
  // It is told elsewhere.
}

function leaseLost({ key }: HeldKey): GateError {
  return new GateError('lease-lost', 'another request holds the key by now; nothing was committed', {
    value: key,
  });
}

function unreachable(cause: unknown): GateError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GateError('store-unreachable', `PostgreSQL: ${why}`, { cause });
}
