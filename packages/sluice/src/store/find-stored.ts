import type { SluiceEvent } from '../core/events.js';
import type { JobDraft } from '../core/job.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { acceptedAs } from './admit.js';
import type { Database } from './rows.js';

/** What others may have stored since, besides as many as there are drafts. */
const LOOKED_BACK = 500;

/** The answer to each draft that stands in its queue or has ended; undefined for one that was not stored. */
export function findStored(
  database: Database,
  drafts: readonly JobDraft[],
  now: number,
): Promise<(EnqueueAnswer | undefined)[]> {
  const tables = ['queues', 'jobs', 'results'] as const;
  return database.run({ tables, mode: 'readonly', durability: 'relaxed' }, async (tx) => {
    const found = new Map<string, EnqueueAnswer>();
    for (const queue of new Set(drafts.map((draft) => draft.queue))) {
      const row = await tx.get('queues', queue);
      if (!row) continue;
      const first = Math.max(0, row.nextSeq - drafts.length - LOOKED_BACK);
      const range = { from: [queue, first], to: [queue, Number.POSITIVE_INFINITY] };
      const jobs = await tx.all('jobs', range);
      const results = await tx.all('results', range);
      for (const { ticket, state } of [...jobs, ...results.map((one) => ({ ...one, state: one.end }))]) {
        // Nobody has heard of it.
        const events: SluiceEvent[] = [{ type: 'accepted', queue, ticket, at: now }];
        found.set(nameOf(ticket), acceptedAs({ tx, row, now, events }, { ticket, state }));
      }
    }
    return drafts.map(({ queue, nonce }) => found.get(`${queue} ${nonce}`));
  });
}

/** Without its number, which a draft has not been told. */
function nameOf(ticket: string): string {
  const [queue, , nonce] = ticket.split('.');
  return `${queue} ${nonce}`;
}
