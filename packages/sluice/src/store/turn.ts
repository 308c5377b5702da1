import { event } from '../core/flow/event.js';
import type { TurnReport, TurnRequest } from '../core/ports.js';
import { depthOf } from '../core/queue-row.js';
import type { Instant } from '../core/settle.js';
import { earlier } from '../core/turn.js';
import { adoptMore } from './adopt.js';
import { refundUnsent, trimSends } from './charge.js';
import { claimDue } from './claim.js';
import { followAll, followMore } from './dependents.js';
import type { Ledger, RulesOf } from './ledger.js';
import { recoverLeases } from './leases.js';
import { findOldest } from './oldest.js';
import { openPacers } from './pacers.js';
import type { Database } from './rows.js';
import type { Scope } from './scope.js';
import { readEnded, settleEnded, unsentOf } from './settle.js';

/**
 * One turn of the engine in one transaction: what has ended is settled, then what may be sent is claimed and charged.
 * A lost turn only repeats a send, so it may be relaxed, unless nothing may be repeated.
 */
export function turn(
  database: Database,
  request: TurnRequest,
  { rulesOf, scope, by, ...instant }: Instant & { rulesOf: RulesOf; scope: Scope; by: string },
): Promise<TurnReport | undefined> {
  return scope.run(database, { mode: 'readwrite', durability: request.durability }, async (tx) => {
    // Together: each read by itself is a wait, and while a turn waits the slots of those that have ended stand empty.
    const [row, read] = await Promise.all([tx.get('queues', request.queue), readEnded(tx, request)]);
    if (!row) return undefined;
    const isUntouched = !request.known && row.counts.leased <= request.held;
    const ledger: Ledger = { tx, row, now: instant.now, events: [], rulesOf };
    if (request.recover) row.flow = event(row.flow, instant.now, 'boot', instant.chance);
    if (request.clockJumped) row.flow = event(row.flow, instant.now, 'resume', instant.chance);
    const pacers = await openPacers(ledger, { ...request, by });
    const recovered = await recoverLeases(ledger, request);
    if (request.recover) followAll(row);
    await refundUnsent(ledger, pacers, [...unsentOf(read), ...recovered.unheard]);
    // What another engine held may just have been given back.
    await settleEnded(ledger, isUntouched ? read : await readEnded(tx, request), instant);
    await adoptMore(ledger);
    await followMore(ledger);
    const durability = row.policy.repeat === 'never' ? 'strict' : 'relaxed';
    const isTooWeak = durability === 'strict' && request.durability === 'relaxed';
    const maxClaims = isTooWeak ? 0 : request.maxClaims;
    const claiming = { ...request, chance: instant.chance, maxClaims };
    const { nextAt, saturated, ...claimed } = await claimDue(ledger, pacers, claiming);
    if (claimed.claims.length > 0) trimSends(tx, [pacers.own, ...pacers.byOrigin.values()]);
    await findOldest(ledger);
    tx.put('queues', row);
    return {
      ...claimed,
      saturated: saturated && !isTooWeak,
      nextAt: isTooWeak || row.followedTo ? instant.now : earlier(nextAt, recovered.nextAt),
      durability,
      owner: row.owner,
      depth: depthOf(row),
      row,
      events: ledger.events,
    };
  });
}
