/** Whether jobs are sent with no page open; where not, why. */
export type WakeState =
  | { kind: 'ready' }
  /** This browser has no Background Sync: the queue waits for the next visit. */
  | { kind: 'unsupported' }
  | { kind: 'refused'; detail: string };
