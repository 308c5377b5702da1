import type { Settlement } from '../core/attempt.js';
import { sentenceOf } from '../core/errors.js';
import type { AttemptControl, Claim, Clock, Dispatch, Store } from '../core/ports.js';

export interface InFlightOptions {
  store: Pick<Store, 'renew'>;
  dispatch: Dispatch;
  clock: Clock;
  /** No send may begin: the queue is held, or its engine lets go. */
  isHeld: () => boolean;
  onEnd: (settlement: Settlement, claim: Claim) => void;
  onPrepared: (claim: Claim) => void;
}

/** The attempts of one lane that run. */
export interface InFlight {
  readonly size: number;
  begin(claim: Claim): void;
  /** Looks at the row of a job, and stops its send if its cancellation was asked for. */
  check(ticket: string): Promise<void>;
  abortAll(): void;
}

interface Attempt {
  claim: Claim;
  leaseUntil: number;
  abort: AbortController;
}

export function createInFlight(options: InFlightOptions): InFlight {
  const attempts = new Map<string, Attempt>();

  async function run(attempt: Attempt): Promise<void> {
    const { claim } = attempt;
    const stopRenewing = renewInTime(attempt, options);
    const end = await options.dispatch(claim, controlOf(attempt, options));
    stopRenewing();
    attempts.delete(claim.leaseId);
    const { leaseId, n, sendAt } = claim;
    options.onEnd({ seq: claim.job.seq, leaseId, n, sentAt: sendAt, end }, claim);
  }

  return {
    get size() {
      return attempts.size;
    },
    begin: (claim) => {
      const attempt = { claim, leaseUntil: claim.leaseUntil, abort: new AbortController() };
      attempts.set(claim.leaseId, attempt);
      void run(attempt);
    },
    check: async (ticket) => {
      for (const attempt of attempts.values()) {
        if (attempt.claim.job.ticket === ticket) await renew(attempt, options);
      }
    },
    abortAll: () => {
      for (const { abort } of attempts.values()) abort.abort();
    },
  };
}

function controlOf(attempt: Attempt, { clock, isHeld, onPrepared }: InFlightOptions): AttemptControl {
  const { claim } = attempt;
  return {
    signal: attempt.abort.signal,
    onPrepared: () => onPrepared(claim),
    mayBegin: () => {
      if (isHeld()) return 'stopped';
      const now = clock.now();
      if (now >= attempt.leaseUntil) return 'lease-lost';
      return now > claim.latestAt ? 'late' : 'yes';
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

/** A lost lease does not stop a send that is under way: its success would still be a fact. */
async function renew(attempt: Attempt, { store, clock }: InFlightOptions): Promise<void> {
  const until = clock.now() + attempt.claim.policy.leaseMs;
  const state = await store.renew(attempt.claim, until).catch(sentenceOf);
  if (state === 'held') attempt.leaseUntil = until;
  if (state === 'cancelled') attempt.abort.abort();
}
