/** Whether jobs are sent with no page open; where not, why. */
export type WakeState =
  | { kind: 'ready' }
  /** This browser has no Background Sync: the queue waits for the next visit. */
  | { kind: 'unsupported' }
  | { kind: 'refused'; detail: string };

/** Drains. Answers whether nothing is left to do. */
export type Drain = (event: { isLastChance: boolean }) => Promise<boolean>;

/** Asks the browser to wake us with no page open, where it can. */
export interface Wake {
  /** Resolves once the browser has said whether it will. */
  register(): Promise<WakeState>;
}
