import type { AttemptEnd, DispatchEnd, Settlement } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import { isInTime } from '../core/pace.js';
import type { AttemptControl, Claim, Clock, Dispatch, Store } from '../core/ports.js';

export interface InFlightOptions {
  store: Pick<Store, 'renew'>;
  dispatch: Dispatch;
  clock: Clock;
  /** No send may begin: the queue is held, or its engine lets go. */
  isHeld: (claim: Claim) => boolean;
  onEnd: (settlement: Settlement, claim: Claim) => void;
  onPrepared: (claim: Claim) => void;
}

/** The attempts of one lane that run. */
export interface InFlight {
  /** Requests. */
  readonly size: number;
  /** Those of all jobs: more than requests, where there are batches. */
  readonly leases: readonly string[];
  begin(claim: Claim): void;
  /** Looks at the row of a job, or of all, and stops the send of one that is recalled. */
  check(ticket?: string): Promise<void>;
  abortAll(): void;
  /** What has not begun is not sent; what has goes on without this engine, which hears of no end any more. */
  leave(): void;
}

interface Attempt {
  claim: Claim;
  leaseUntil: number;
  abort: AbortController;
  hasBegun: boolean;
}

export function createInFlight(options: InFlightOptions): InFlight {
  const attempts = new Map<string, Attempt>();

  async function run(attempt: Attempt): Promise<void> {
    const { claim } = attempt;
    const stopRenewing = renewInTime(attempt, options);
    const end = await options.dispatch(claim, controlOf(attempt, options));
    stopRenewing();
    if (!attempts.delete(claim.leaseId)) return;
    for (const settlement of settlementsOf(claim, end, options.clock.now())) options.onEnd(settlement, claim);
  }

  return {
    get size() {
      return attempts.size;
    },
    get leases() {
      return [...attempts.values()].flatMap(({ claim }) => membersOf(claim).map(({ leaseId }) => leaseId));
    },
    begin: (claim) => {
      const attempt = { claim, leaseUntil: claim.leaseUntil, abort: new AbortController(), hasBegun: false };
      attempts.set(claim.leaseId, attempt);
      void run(attempt);
    },
    check: async (ticket) => {
      for (const attempt of attempts.values()) {
        const isMeant =
          ticket === undefined || membersOf(attempt.claim).some(({ job }) => job.ticket === ticket);
        if (isMeant) await renew(attempt, options);
      }
    },
    abortAll: () => {
      for (const { abort } of attempts.values()) abort.abort();
    },
    leave: () => {
      for (const { claim, hasBegun, abort } of attempts.values())
        if (hasBegun) attempts.delete(claim.leaseId);
        else abort.abort();
    },
  };
}

function membersOf(claim: Claim): Claim[] {
  return [claim, ...claim.riders];
}

/** One for each job: its own part of the answer, or what became of the request as a whole. */
function settlementsOf(claim: Claim, end: DispatchEnd, endedAt: number): Settlement[] {
  const members = membersOf(claim);
  const whole: AttemptEnd = end.kind === 'parts' ? end.whole : end;
  return members.map(({ job, leaseId, n, sendAt, credentials }, index) => {
    const own = end.kind === 'parts' ? (end.parts[index] ?? whole) : end;
    const sent = { seq: job.seq, ticket: job.ticket, leaseId, n, sentAt: sendAt };
    const settlement = { ...sent, endedAt, credentials, end: own };
    return members.length === 1
      ? settlement
      : { ...settlement, batch: { size: members.length, index, whole } };
  });
}

/** So late a send may have waited in a frozen context, which has heard of nothing. */
const MAY_HAVE_FROZEN_MS = 500;

function controlOf(attempt: Attempt, options: InFlightOptions): AttemptControl {
  const { clock, isHeld, onPrepared } = options;
  const { claim } = attempt;
  const { signal } = attempt.abort;
  return {
    signal,
    onPrepared: () => onPrepared(claim),
    confirm: async () => {
      if (clock.now() - claim.sendAt > MAY_HAVE_FROZEN_MS) await renew(attempt, options);
    },
    mayBegin: () => {
      if (signal.aborted || isHeld(claim)) return 'stopped';
      const now = clock.now();
      if (now >= attempt.leaseUntil) return 'lease-lost';
      if (!isInTime(now, { at: claim.sendAt, latestAt: claim.latestAt })) return 'late';
      attempt.hasBegun = true;
      return 'yes';
    },
  };
}

/** A long upload keeps its lease: it is renewed when a third of it has passed. */
function renewInTime(attempt: Attempt, options: InFlightOptions): () => void {
  const { clock } = options;
  const nextAt = (): number => clock.now() + attempt.claim.policy.leaseMs / 3;
  const tick = (): void => {
    callOff = clock.at(nextAt(), tick);
    void renew(attempt, options);
  };
  let callOff = clock.at(nextAt(), tick);
  return () => callOff();
}

/** A lost lease keeps a send from beginning. It does not stop one that is under way: its success would still be a fact. */
async function renew(attempt: Attempt, { store, clock }: InFlightOptions): Promise<void> {
  const { claim } = attempt;
  const until = clock.now() + claim.policy.leaseMs;
  const renewals = membersOf(claim).map((member) => store.renew(member, until).catch(sentenceOf));
  const states = await Promise.all(renewals);
  if (states.every((state) => state === 'recalled')) attempt.abort.abort();
  // One job of a batch is not worth stopping the others for: its cancellation holds once it is back.
  else if (states.some((state) => state === 'held')) attempt.leaseUntil = until;
  else if (states.every((state) => state === 'lost')) attempt.leaseUntil = 0;
}
