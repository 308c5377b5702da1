import { type ControllerMaker, SEND_ALL } from '../controller.js';
import { ceilingMs, fullJitterMs } from './backoff.js';

/** Everything at once, each request with a backoff of its own. */
export function fireAll({ jitter }: { jitter: boolean }): ControllerMaker {
  return (random) => ({
    decide: () => SEND_ALL,
    sent: () => undefined,
    observe: () => undefined,
    requeue: (_outcome, tries) => (jitter ? fullJitterMs(tries, random) : ceilingMs(tries)),
  });
}
