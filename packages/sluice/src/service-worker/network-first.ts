import type { QueueDefinition } from '../core/config.js';
import type { Identity } from '../core/identity.js';
import type { JobOptions } from '../core/job-options.js';
import type { Captured } from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { readOptions } from '../drain/draft.js';
import type { Runtime } from '../drain/runtime.js';
import { tryFirst } from './first-try.js';
import type { KeyTurns } from './key-turns.js';
import type { SameTries, Tried } from './same-tries.js';

/** What keeps first tries in order, and apart. */
export interface FirstTries {
  turns: KeyTurns;
  same: SameTries;
}

export interface Trying {
  captured: Captured;
  identity: Promise<Identity>;
  runtime: Runtime;
}

/** Tries the network first, and stores what it does not take. */
export async function tryOrStore(
  queue: QueueDefinition,
  { captured, identity, runtime }: Trying,
  { turns, same }: FirstTries,
): Promise<Tried> {
  const { orderingKey, dedupeKey } = keysOf(queue, captured);
  const { preference, captured: bare } = takePreference(captured);
  // Where a newer one takes the place of an older one, the two are not the same; and who wants the receipt waits for no answer.
  const isOwnTry = dedupeKey === undefined || queue.coalesce !== undefined || preference.respondAsync;
  const owner = identity.then((current) => current.owner).catch(() => undefined);
  const thing = isOwnTry ? undefined : { key: `${queue.name} ${dedupeKey}`, owner };
  const place = orderingKey === undefined ? undefined : `${queue.name} ${orderingKey}`;
  const tryOnce = async (): Promise<Tried> => {
    // Whoever wants the receipt at once does not wait for the service.
    const first = preference.respondAsync
      ? undefined
      : await tryFirst(runtime, queue, { captured: bare, identity });
    if (first?.kind === 'answered') return first.response;
    return runtime.intake.accept(captured, { queue: queue.name, identity, tried: first?.tried });
  };
  return same.share(thing, () => turns.pass(place, tryOnce));
}

/** A function that throws is reported where the request is stored. */
function keysOf(queue: QueueDefinition, captured: Captured): JobOptions {
  try {
    return readOptions(queue, captured);
  } catch {
    return {};
  }
}
