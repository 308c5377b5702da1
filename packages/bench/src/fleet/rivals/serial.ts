import { type ControllerMaker, type Decision, within } from '../controller.js';
import { ceilingMs, fullJitterMs } from './backoff.js';

/** What a serial replay makes of a 429: a delivery, as workbox-background-sync does, or a reason to stop for a while. */
export type OnRejection = 'done' | 'requeue' | 'requeue with jitter';

/** One request at a time, in order. A rejection or a failure stops the replay for a backoff. */
export function serial(onRejection: OnRejection): ControllerMaker {
  return (random) => {
    let refusals = 0;
    let resumeAt = 0;
    return {
      decide: (now, { inFlight }): Decision =>
        now < resumeAt ? { kind: 'wait', until: resumeAt } : within(1, inFlight),
      sent: () => undefined,
      observe(now, outcome) {
        const isDone = outcome.kind === 'accepted' || (outcome.kind === 'rejected' && onRejection === 'done');
        refusals = isDone ? 0 : refusals + 1;
        if (isDone) return;
        resumeAt =
          now +
          (onRejection === 'requeue with jitter' ? fullJitterMs(refusals, random) : ceilingMs(refusals));
      },
      requeue: (outcome) => (outcome.kind === 'rejected' && onRejection === 'done' ? 'lost' : 0),
    };
  };
}
