import { type Controller, type ControllerMaker, within } from '../controller.js';
import { fullJitterMs } from './backoff.js';

const SLOW_MS = 5000;

interface Aimd {
  initial: number;
  min: number;
  max: number;
  /** What a drop leaves of the limit. */
  cut: number;
  /** After a drop the client rests for a full-jitter backoff; the library leaves that to its caller. */
  backsOff: boolean;
}

/** As Netflix's concurrency-limits has it: no floor below 20 in flight. */
export const AIMD_LIBRARY: Aimd = { initial: 20, min: 20, max: 200, cut: 0.9, backsOff: false };
export const AIMD_WITH_BACKOFF: Aimd = { initial: 2, min: 1, max: 200, cut: 0.5, backsOff: true };

/**
 * One more in flight for each success while the limit is used, a share of the limit after a drop. With backoff only the
 * first drop of a round trip counts.
 */
export function aimd({ initial, min, max, cut, backsOff }: Aimd): ControllerMaker {
  return (random): Controller => {
    let limit = initial;
    let drops = 0;
    let resumeAt = 0;
    let cutAt = -Infinity;
    return {
      decide: (now, { inFlight }) =>
        now < resumeAt ? { kind: 'wait', until: resumeAt } : within(limit, inFlight),
      sent: () => undefined,
      observe(now, { kind, rttMs, sentAt }, inFlight) {
        if (kind === 'accepted' && rttMs <= SLOW_MS) {
          if (2 * (inFlight + 1) >= limit) limit = Math.min(max, limit + 1);
          drops = 0;
          return;
        }
        if (backsOff && sentAt < cutAt) return;
        limit = Math.max(min, Math.floor(limit * cut));
        cutAt = now;
        drops += 1;
        if (backsOff) resumeAt = now + fullJitterMs(drops, random);
      },
      requeue: () => 0,
    };
  };
}
