import { leaderState } from '../drain/leadership.js';
import type { World } from '../drain/world.js';
import { releaseLeases } from '../store/lease-commands.js';
import type { WakeUp } from './wake-up.js';

/**
 * A page has left: the leases of its engine end. What it leaves behind may have been stored, or let go, without a fetch that was seen
 * here: only the store can tell whether somebody has to wake up for it.
 */
export async function takeOver(
  event: { waitUntil(work: Promise<unknown>): void },
  engine: string,
  { database, notify, clock, wakeUp }: Pick<World, 'database' | 'notify' | 'clock'> & { wakeUp: WakeUp },
): Promise<void> {
  notify.tell(await releaseLeases(database, engine, clock.now()));
  if ((await leaderState({ database, clock })) !== 'idle') wakeUp.onAccepted(event);
}
