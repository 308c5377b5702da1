import { sent } from '../core/flow/sent.js';
import { MAX_AHEAD_MS } from '../core/pace.js';
import { flowConfigOf } from '../core/policy.js';
import type { DirectTurn } from '../core/ports.js';
import type { Instant } from '../core/settle.js';
import { openingOf } from '../core/turn.js';
import { chargeSend, flowInstant, nextInstant, trimSends } from './charge.js';
import type { Ledger } from './ledger.js';
import { openPacers, pacersOf } from './pacers.js';
import type { Database } from './rows.js';

/** Charges a send that is no job, as if it were one: the service must not feel the difference. */
export function chargeDirect(
  database: Database,
  { queue, url }: { queue: string; url: string },
  { now, chance }: Instant,
): Promise<DirectTurn | undefined> {
  const tables = ['queues', 'sends', 'paces'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    if (!row || openingOf(row, now).kind === 'closed') return undefined;
    const ledger: Ledger = { tx, row, now, events: [] };
    const pacers = pacersOf(await openPacers(ledger, { clockJumped: false }), url);
    // It takes no place among the sends in flight: those are counted by their leases, and it has none.
    const earliest = flowInstant(row, now);
    const at = await nextInstant(tx, pacers, { cost: 1, earliest });
    if (at > now + MAX_AHEAD_MS) return undefined;
    const { latestAt } = chargeSend(
      ledger,
      { cost: 1, idempotencyKey: 'direct', attempts: 0 },
      { pacers, at, leaseId: 'direct' },
    );
    trimSends(tx, pacers);
    row.flow = sent(row.flow, flowConfigOf(row.policy), at, { n: 1, retries: 0 }, chance);
    tx.put('queues', row);
    return { at, latestAt };
  });
}
