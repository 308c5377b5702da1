import type { PassId } from '../core/pass.js';
import type { PassEnd } from '../core/ports.js';
import { endPass } from '../store/end-pass.js';
import type { World } from './world.js';

/** Gives back the place of a send that is no job's. Where storage fails, the place ends by time. */
export async function giveBackPlace(
  { database, notify, clock, chance }: Pick<World, 'database' | 'notify' | 'clock' | 'chance'>,
  pass: PassId,
  { end, sentAt }: PassEnd,
): Promise<void> {
  const ended = { end, sentAt };
  const told = await endPass(database, pass, { ended, now: clock.now(), chance }).catch(() => []);
  notify.tell(told);
}
