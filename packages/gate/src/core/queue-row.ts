import type { Rate } from './rate.js';
import { FRESH_SCHEDULE, type Schedule } from './schedule.js';

/** What all nodes share of a queue. */
export interface QueueRow {
  readonly schedule: Schedule;
  readonly isPaused: boolean;
  /** What `setPolicy` has set, over what the nodes were configured with. */
  readonly patch: PolicyPatch;
  /** Jobs of the line that have not ended, and their bytes. */
  readonly jobs: number;
  readonly bytes: number;
  /** Jobs that the line has ever accepted: the counterpart of those that are there and those that ended. */
  readonly accepted: number;
}

export const FRESH_QUEUE: QueueRow = {
  schedule: FRESH_SCHEDULE,
  isPaused: false,
  patch: {},
  jobs: 0,
  bytes: 0,
  accepted: 0,
};

/** What may change while the nodes run. */
export interface PolicyPatch {
  readonly rate?: Rate;
  readonly holdMs?: number;
}

/** What a queue allows. */
export interface QueuePolicy {
  /** Null: any number of sends. */
  readonly rate: Rate | null;
  readonly holdMs: number;
  readonly leaseMs: number;
  readonly keepKeysMs: number;
  readonly afterCrash: 'unknown' | 'repeat';
  /** Null: there is no line. */
  readonly line: LinePolicy | null;
}

export interface LinePolicy {
  readonly maxJobs: number;
  readonly maxBytes: number;
  readonly maxAttempts: number;
  /** Jobs that one node has in flight at most. */
  readonly concurrency: number;
}

/** The policy that holds now. */
export function policyNow(policy: QueuePolicy, { patch }: QueueRow): QueuePolicy {
  return { ...policy, ...patch };
}
