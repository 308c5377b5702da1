import { isRefusal, type Work } from './answer.js';
import type { Arrival } from './arrival.js';
import { type Behaviour, DEFAULT_BEHAVIOUR, type FixedAnswer } from './behaviour.js';
import { checkBehaviour } from './check-behaviour.js';
import { now } from './clock.js';
import { type FaultPlan, planFault } from './faults.js';
import { createWorkDone } from './idempotency.js';
import { createIntake } from './intake.js';
import { rateLimitFields } from './rate-limit-fields.js';
import { type ArrivalRecord, createRecord } from './record.js';

/** The service behind the port: its behaviour, what it has done, and how busy it is. */
export interface Service {
  readonly behaviour: Behaviour;
  /** @throws OriginError `behaviour-invalid` */
  set(patch: Partial<Behaviour>): void;
  readonly record: ArrivalRecord;
  /** How often a known Idempotency-Key came again. */
  readonly duplicates: number;
  /** How many requests wait for their slot. */
  readonly waiting: number;
  /** The fault that hits this arrival, if any. Ask once: faults may be counted. */
  readonly faultFor: FaultPlan;
  /** Resolves when the fault is set anew. */
  nextFault(): Promise<void>;
  /** A place (true at its slot, false if sent away before), or the status that refuses one. */
  enter(): Promise<boolean> | 429 | 503;
  /** Does the work, unless it was done before under the same key. */
  work(arrival: Arrival): { work: Work; replayed: boolean };
  /** The rate limit fields of an answer that leaves now. */
  limitFields(): Record<string, string>;
  /** Forgets the arrivals and the count of duplicates, not the work that was done. */
  clear(): void;
  sendAllAway(): void;
}

function fixedFor({ url }: Arrival, { answer }: Behaviour): FixedAnswer | undefined {
  const [path] = url.split('?');
  return answer?.path === undefined || answer.path === path ? answer : undefined;
}

/** @throws OriginError `behaviour-invalid` */
export function createService(initial: Partial<Behaviour>): Service {
  checkBehaviour(initial);
  let behaviour: Behaviour = { ...DEFAULT_BEHAVIOUR, ...initial };
  let planned = planFault(behaviour.fault);
  const held: (() => void)[] = [];
  let duplicates = 0;
  const record = createRecord();
  const done = createWorkDone();
  const intake = createIntake(behaviour.ratePerSecond);

  return {
    get behaviour() {
      return behaviour;
    },
    set: (patch) => {
      checkBehaviour(patch);
      behaviour = { ...behaviour, ...patch };
      if ('fault' in patch) {
        planned = planFault(patch.fault);
        for (const release of held.splice(0)) release();
      }
      if ('ratePerSecond' in patch) intake.setRate(behaviour.ratePerSecond);
    },
    record,
    get duplicates() {
      return duplicates;
    },
    get waiting() {
      return intake.waiting;
    },
    faultFor: (arrival) => planned(arrival),
    nextFault: () => new Promise((resolve) => held.push(resolve)),
    enter: () => intake.enter(behaviour),
    work: (arrival) => {
      const known = behaviour.dedupe ? done.find(arrival) : undefined;
      if (known) duplicates += 1;
      const work = known ?? { arrival, fixed: fixedFor(arrival, behaviour) };
      if (!isRefusal(work)) done.keep(work);
      return { work, replayed: known !== undefined };
    },
    limitFields: () => rateLimitFields(behaviour.rateLimitFields, intake.usage(behaviour), now()),
    clear: () => {
      record.clear();
      duplicates = 0;
    },
    sendAllAway: () => intake.sendAllAway(),
  };
}
