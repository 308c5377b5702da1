import { sentenceOf } from '../core/errors.js';
import { bytesOf, type Coalesced, type Job, type JobDraft, parked, stateInTurn } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import type { EnqueueAnswer } from '../core/ports.js';
import { acceptedAs, bytesOfDraft, chainOf, type Entry, newJob, store, withBody } from './admit.js';
import { bodyOf } from './bodies.js';
import { hasFewDependents, inheritDependents } from './dependents.js';
import { cancel } from './endings.js';
import { entryState, isBehind, type Ledger } from './ledger.js';
import { joinLine, rejoinFlow } from './line.js';
import { makeRoom } from './room.js';

/**
 * The older one ends; the newer one takes its place, with its own body or a merged one, or ends with it. What was asked of each
 * request that is sent holds.
 *
 * @returns undefined where the two cannot be one: the newer is a job of its own
 */
export async function coalesce(ledger: Ledger, entry: Entry, older: Job): Promise<EnqueueAnswer | undefined> {
  const { draft, waits } = entry;
  // In the place of the older it could wait for what waits for it.
  if (!draft.coalesce || (waits && draft.options.after !== older.after)) return undefined;
  const previous = { request: older.request, body: await bodyOf(ledger.tx, older) };
  let coalesced: Coalesced;
  try {
    coalesced = draft.coalesce(previous, { request: draft.request, body: draft.body });
  } catch (error) {
    return { kind: 'refused', code: 'function-failed', detail: `coalesce threw ${sentenceOf(error)}` };
  }
  if (coalesced.kind === 'undone') return undo(ledger, draft, older);
  const options = coalesced.kind === 'merged' ? optionsOfBoth(draft.options, older) : draft.options;
  const isTooLarge = (coalesced.body?.byteLength ?? 0) > ledger.row.policy.maxBodyBytes;
  if (!options || (coalesced.kind === 'merged' && isTooLarge)) return undefined;
  if (!(await hasFewDependents(ledger, older))) return undefined;
  const one = { ...withBody(draft, coalesced.body), options };
  return replace(ledger, one, { older, as: coalesced.kind });
}

/** Both are sent: neither before its instant, nor before it is released, nor before what it comes after. */
function optionsOfBoth(
  newer: JobOptions,
  { state, after: olderAfter, notBefore = 0 }: Job,
): JobOptions | undefined {
  const isHeld = newer.held || (state.kind === 'parked' && state.why === 'held');
  const after = newer.after ?? olderAfter;
  // A job waits for one word at a time.
  if (isHeld && after !== undefined) return undefined;
  const latest = Math.max(newer.notBefore ?? 0, notBefore);
  return {
    ...newer,
    ...(isHeld ? { held: true } : {}),
    ...(after === undefined ? {} : { after }),
    ...(latest > 0 ? { notBefore: latest } : {}),
  };
}

async function undo(ledger: Ledger, draft: JobDraft, older: Job): Promise<EnqueueAnswer> {
  const job = newJob(ledger, withBody({ ...draft, options: {} }, undefined));
  store(ledger, job, undefined);
  await cancel(ledger, older, 'merged');
  await cancel(ledger, job, 'merged');
  return acceptedAs(ledger, { ticket: job.ticket, state: { kind: 'cancelled', at: ledger.now } });
}

async function replace(
  ledger: Ledger,
  draft: JobDraft,
  { older, as }: { older: Job; as: 'replaced' | 'merged' },
): Promise<EnqueueAnswer> {
  const { priority = 0, after } = draft.options;
  const size = bytesOfDraft(draft);
  const bytes = size - bytesOf(older.request, older.bodyBytes);
  const spared = [older.ticket, older.after, after];
  const load = { jobs: 0, bytes, size, priority, owner: draft.owner, spared };
  const full = await makeRoom(ledger, load);
  if (full) return full;
  // The end of what made room may have moved it.
  const standing = (await ledger.tx.get('jobs', [older.queue, older.seq])) as Job;
  const job = await inPlaceOf(ledger, standing, draft);
  store(ledger, job, draft.body, { isShared: as === 'merged' });
  await inheritDependents(ledger, standing, job);
  await cancel(ledger, standing, as);
  return acceptedAs(ledger, job);
}

/** The place is that of the older, as far as the newer one asks for no other. */
async function inPlaceOf(ledger: Ledger, older: Job, { options, ...draft }: JobDraft): Promise<Job> {
  const job = { ...newJob(ledger, { ...draft, options }), ...chainOf(options.orderingKey) };
  const isSameLine = job.priority === older.priority && job.fairnessKey === older.fairnessKey;
  const rank = isSameLine ? older.rank : await joinLine(ledger, job.owner, options);
  if (isSameLine) await rejoinFlow(ledger, { ...job, rank });
  const isSameChain = job.orderingKey === older.orderingKey;
  const placed = { ...job, rank, link: isSameChain ? older.link : job.link };
  const isHead = isSameChain && !isBehind(older.state);
  const state = isHead ? stateAt(older, placed, ledger.now) : await entryState(ledger, placed);
  const why = options.held ? 'held' : options.after === undefined ? undefined : 'after';
  return { ...placed, state: why ? parked({ ...placed, state }, why) : state };
}

/** What is put off stays put off: newer ones in quick succession must not send it again and again. */
function stateAt({ state }: Job, job: Job, now: number): Job['state'] {
  return state.kind === 'delayed' && state.at > (job.notBefore ?? 0) ? state : stateInTurn(job, now);
}
