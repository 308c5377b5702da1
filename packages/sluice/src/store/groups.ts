import type { Job } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import { buryTooOld, hasBuriedMost, type Ledger } from './ledger.js';
import { nextInLine, nextTogether } from './line.js';

/** The jobs of one request: one, or a batch. */
export type Group = [Job, ...Job[]];

type Next =
  | { kind: 'groups'; groups: Group[] }
  /** A batch waits for company until then, or the next turn buries more. */
  | { kind: 'later'; at: number };

/**
 * What is next in line, as requests, at most `count` of them. What has become too old is buried on the way.
 *
 * @param head the head of the line, where it is known
 */
export async function nextGroups(ledger: Ledger, count: number, head?: readonly Job[]): Promise<Next> {
  const { batch } = ledger.row.policy;
  // Whoever cannot make a batch sends one by one: a policy may outlive the rules that it came with.
  if (batch && ledger.rulesOf?.(ledger.row.name)?.batches) return nextBatch(ledger, batch);
  let known = head;
  for (;;) {
    const jobs = await nextInLine(ledger, count, known);
    known = undefined;
    const fresh = await withoutExpired(ledger, jobs);
    if (fresh.length > 0 || jobs.length === 0)
      return { kind: 'groups', groups: fresh.map((job): Group => [job]) };
    if (hasBuriedMost(ledger)) return { kind: 'later', at: ledger.now };
  }
}

/** What a request takes of the rate: a batch as much as its costliest job. */
export function costOf(jobs: Group): number {
  return Math.max(...jobs.map(({ cost }) => cost));
}

async function nextBatch(ledger: Ledger, batch: NonNullable<QueuePolicy['batch']>): Promise<Next> {
  const { row, now } = ledger;
  const max = Math.min(batch.max, row.batchMax ?? batch.max);
  for (;;) {
    const jobs = await nextTogether(ledger, max);
    const [first, ...rest] = await withoutExpired(ledger, jobs);
    if (!first && hasBuriedMost(ledger)) return { kind: 'later', at: now };
    if (!first && jobs.length > 0) continue;
    if (!first) return { kind: 'groups', groups: [] };
    const group = within(batch.maxBytes, [first, ...rest]);
    const isFull = group.length === max || group.length <= rest.length;
    const waitsUntil = Math.min(...group.map(({ enqueuedAt }) => enqueuedAt)) + batch.waitMs;
    // Longer than any wait, with the clocks of two contexts a little apart: another clock has written when it came.
    const isOver = waitsUntil <= now || waitsUntil > now + 2 * batch.waitMs;
    return isFull || isOver ? { kind: 'groups', groups: [group] } : { kind: 'later', at: waitsUntil };
  }
}

/** As many of them, in order, as their bodies allow; the first in any case. */
function within(maxBytes: number, [first, ...rest]: Group): Group {
  const group: Group = [first];
  let bytes = first.bodyBytes;
  for (const job of rest) {
    bytes += job.bodyBytes;
    if (bytes > maxBytes) break;
    group.push(job);
  }
  return group;
}

async function withoutExpired(ledger: Ledger, jobs: readonly Job[]): Promise<Job[]> {
  await buryTooOld(ledger, jobs);
  return jobs.filter(({ expiresAt }) => expiresAt > ledger.now);
}
