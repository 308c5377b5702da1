import type { Changes, KeyEntry } from '../core/book.js';
import type { QueueRow } from '../core/queue-row.js';
import { slotKeptUntil } from '../core/schedule.js';
import { requestText, rowValues } from './key-columns.js';
import { KEY_COLUMNS } from './postgres-schema.js';

/** What is used of a client of the package `pg`. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<unknown>;
  release(destroy?: boolean): void;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

export function rowsOf(result: unknown): Record<string, unknown>[] {
  return (result as { rows: Record<string, unknown>[] }).rows;
}

/** All columns of a key but the stored request, which is read for a send alone. */
export const KEY_FIELDS: string = KEY_COLUMNS.map(([name]) => `sluice_keys.${name}`).join(', ');

const NAMES = KEY_COLUMNS.map(([name]) => name).join(', ');
const ARRAYS = KEY_COLUMNS.map(([, type], n) => `$${n + 1}::${type}[]`).join(', ');
const UPDATES = KEY_COLUMNS.slice(3)
  .map(([name]) => `${name} = excluded.${name}`)
  .join(', ');

/** The request of a job is of no use once that is done. */
const UPSERT = `INSERT INTO sluice_keys (${NAMES}) SELECT * FROM unnest(${ARRAYS})
  ON CONFLICT (queue, identity, key) DO UPDATE SET ${UPDATES},
  request = CASE WHEN excluded.state = 'done' THEN NULL ELSE sluice_keys.request END,
  request_body = CASE WHEN excluded.state = 'done' THEN NULL ELSE sluice_keys.request_body END`;

const STORE_REQUESTS = `UPDATE sluice_keys SET request = new.request, request_body = new.body
  FROM unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) AS new (identity, key, request, body)
  WHERE queue = $1 AND sluice_keys.identity = new.identity AND sluice_keys.key = new.key`;

const REMOVE = `DELETE FROM sluice_keys USING unnest($2::text[], $3::text[]) AS gone (identity, key)
  WHERE queue = $1 AND sluice_keys.identity = gone.identity AND sluice_keys.key = gone.key`;

const USE_SLOTS = `INSERT INTO sluice_slots (queue, serial, kept_until)
  SELECT $1, * FROM unnest($2::bigint[], $3::double precision[]) ON CONFLICT DO NOTHING`;

/** All that a transaction changes but the row of its queue, which its commit writes. */
export async function writeChanges(client: PostgresClient, queue: string, changes: Changes): Promise<void> {
  const { put, removed, usedSlots, requests } = changes;
  const identitiesOf = (ids: readonly { identity: string }[]): string[] =>
    ids.map(({ identity }) => identity);
  const keysOf = (ids: readonly { key: string }[]): string[] => ids.map(({ key }) => key);
  if (put.length > 0) await client.query(UPSERT, columnsOf(queue, put));
  if (requests.length > 0) {
    const texts = requests.map(({ request }) => requestText(request));
    const bodies = requests.map(({ request }) => bufferOf(request.body));
    await client.query(STORE_REQUESTS, [queue, identitiesOf(requests), keysOf(requests), texts, bodies]);
  }
  if (removed.length > 0) await client.query(REMOVE, [queue, identitiesOf(removed), keysOf(removed)]);
  if (usedSlots.length > 0) {
    const serials = usedSlots.map(({ serial }) => serial);
    await client.query(USE_SLOTS, [queue, serials, usedSlots.map(slotKeptUntil)]);
  }
}

/** Rows as one array for each column. */
function columnsOf(queue: string, entries: readonly KeyEntry[]): unknown[] {
  const rows = entries.map((entry) => rowValues(queue, entry));
  return KEY_COLUMNS.map((_, n) => rows.map((row) => asParameter(row[n])));
}

function asParameter(value: unknown): unknown {
  return value instanceof Uint8Array ? bufferOf(value) : value;
}

/** `pg` takes a Buffer for bytes, also within an array. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The row of the queue and the commit in one message. The name of a queue has letters, digits, `-` and `_` alone. */
export function commitText(
  queue: string,
  { schedule, isPaused, patch, jobs, bytes, accepted }: QueueRow,
): string {
  const { tat, numbersFrom, numbers, readAt } = schedule;
  const patchText = JSON.stringify(patch).replaceAll("'", "''");
  return `UPDATE sluice_queues SET tat = ${tat}, numbers_from = ${numbersFrom}, numbers = ${numbers}, read_at = ${readAt},
    is_paused = ${isPaused}, patch = '${patchText}', jobs = ${jobs}, bytes = ${bytes}, accepted = ${accepted}
    WHERE name = '${queue}'; COMMIT`;
}
