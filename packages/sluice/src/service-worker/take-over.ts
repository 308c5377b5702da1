import { leaderState } from '../drain/leadership.js';
import type { World } from '../drain/world.js';
import type { Carrier } from './carrier.js';
import type { WakeUp } from './wake-up.js';

/**
 * A page has left: what its engine had under way is carried on, and its other leases end. What it leaves behind may have been stored,
 * or let go, without a fetch that was seen here: only the store can tell whether somebody has to wake up for it.
 */
export async function takeOver(
  event: { waitUntil(work: Promise<unknown>): void },
  engine: string,
  {
    database,
    clock,
    carrier,
    wakeUp,
  }: Pick<World, 'database' | 'clock'> & { carrier: Carrier; wakeUp: WakeUp },
): Promise<void> {
  const { ended } = await carrier.leave(engine);
  event.waitUntil(ended);
  if ((await leaderState({ database, clock })) !== 'idle') wakeUp.onAccepted(event);
}
