import { depthOf, type QueueRow, totalDepthOf } from '../core/queue-row.js';
import { readMeta } from '../store/meta.js';
import { readQueues } from '../store/queues.js';
import type { World } from './world.js';

/** A leader that has given no sign of life for so long, with work there, is frozen or gone. */
export const STEAL_AFTER_MS = 10_000;

/** `idle`: there is nothing that an engine could do. */
export type LeaderState = 'idle' | 'alive' | 'stale';

/** Whether the engine that leads is at work, by its heartbeat. */
export async function leaderState(world: Pick<World, 'database' | 'clock'>): Promise<LeaderState> {
  return stateOver(await readQueues(world.database), world);
}

async function stateOver(
  rows: readonly QueueRow[],
  { database, clock }: Pick<World, 'database' | 'clock'>,
): Promise<LeaderState> {
  if (!rows.some(isRunnable)) return 'idle';
  const leader = await readMeta(database, 'leader');
  const ageMs = Math.abs(clock.now() - (leader?.at ?? 0));
  return ageMs > STEAL_AFTER_MS ? 'stale' : 'alive';
}

function isRunnable(row: QueueRow): boolean {
  return depthOf(row) > 0 && !row.paused && !row.awaitsSignIn;
}

export interface SeatOptions extends Pick<World, 'database' | 'notify' | 'clock' | 'locks'> {
  lockName: string;
  /** Gives the seat up, or stops waiting for it. */
  signal: AbortSignal;
}

/**
 * Waits for the one lock of the app, then leads until `lead` resolves. The lock is a courtesy that keeps engines from
 * running side by side; safety is in the leases. A lock whose holder is frozen is stolen; `lost` then tells the one who
 * had it. Without Web Locks everybody leads, and the leases alone keep jobs apart.
 */
export async function holdSeat(
  options: SeatOptions,
  lead: (lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const { lockName, locks, signal } = options;
  if (!locks) return lead(signal);
  const waiting = new AbortController();
  const over = new AbortController();
  signal.addEventListener('abort', () => waiting.abort(), { signal: over.signal });
  if (signal.aborted) return;
  const stolen = new Promise<'steal'>((resolve) => {
    const stopWatching = watchLeader(options, () => resolve('steal'));
    waiting.signal.addEventListener('abort', stopWatching);
  });
  const granted = request(locks, { name: lockName, signal: waiting.signal }, async (lost) => {
    waiting.abort();
    await lead(lost);
  });
  const how = await Promise.race([granted, stolen]);
  over.abort();
  if (how !== 'steal') return;
  waiting.abort();
  await granted;
  if (!signal.aborted) await request(locks, { name: lockName, steal: true }, lead);
}

/** Resolves when the lock was held to its end, lost, or not waited for any longer. */
async function request(
  locks: LockManager,
  { name, ...options }: LockOptions & { name: string },
  lead: (lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const lost = new AbortController();
  let leading: Promise<void> | undefined;
  try {
    await locks.request(name, options, () => {
      leading = lead(lost.signal);
      return leading;
    });
  } catch {
    // Aborted while waiting, or stolen by another: the platform tells both by the same rejection.
    lost.abort();
    await leading;
  }
}

/** Looks after the leader while there are jobs, paused ones too, and only then: an empty queue costs no timer. */
function watchLeader(options: SeatOptions, steal: () => void): () => void {
  const { notify, clock } = options;
  let callOff: (() => void) | undefined;
  const arm = (): void => {
    const epoch = clock.epoch();
    callOff ??= clock.at(clock.now() + STEAL_AFTER_MS, () => void look(epoch));
  };
  const look = async (epoch: number): Promise<void> => {
    callOff = undefined;
    const rows = await readQueues(options.database).catch(() => undefined);
    const state = rows ? await stateOver(rows, options).catch(() => 'alive' as const) : 'alive';
    const hasJobs = rows?.some((row) => totalDepthOf(row) > 0);
    // A machine that slept wakes all of its tabs: the leader had no time to give a sign.
    const isJustAwake = clock.epoch() !== epoch;
    if (state === 'stale' && !isJustAwake) steal();
    else if (state !== 'idle' || hasJobs) arm();
  };
  const stopListening = notify.listen(arm);
  arm();
  return () => {
    stopListening();
    callOff?.();
  };
}
