import type { QueueDefinition } from '../core/config.js';
import type { JobOptions } from '../core/job-options.js';
import type { Captured, Intake } from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { mayHaveBeenDone } from '../core/verdict.js';
import { readOptions } from '../drain/draft.js';
import type { IdentityThen } from '../drain/identity-source.js';
import { giveBackPlace } from '../drain/give-back-place.js';
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
  identity: Promise<IdentityThen>;
  runtime: Runtime;
  /** Keeps the service worker up for what is written after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
}

/** Tries the network first, and stores what it does not take. */
export async function tryOrStore(
  queue: QueueDefinition,
  { captured, identity, runtime, waitUntil }: Trying,
  { turns, same }: FirstTries,
): Promise<Tried> {
  const { orderingKey, dedupeKey } = keysOf(queue, captured);
  const { preference, captured: bare } = takePreference(captured);
  // Where a newer one takes the place of an older one, the two are not the same; and who wants the receipt waits for no answer.
  const isOwnTry = dedupeKey === undefined || queue.coalesce !== undefined || preference.respondAsync;
  const owner = identity.then((current) => current.owner).catch(() => undefined);
  const thing = isOwnTry ? undefined : { key: `${queue.name} ${dedupeKey}`, owner };
  // An older one whose try fails is stored before the newer one comes, which then takes its place, not the other way round.
  const line = orderingKey ?? (queue.coalesce && dedupeKey);
  const place = line === undefined ? undefined : `${queue.name} ${line}`;
  const tryOnce = async (): Promise<Tried> => {
    // Whoever wants the receipt at once does not wait for the service.
    const first = preference.respondAsync
      ? undefined
      : await tryFirst(runtime, queue, { captured: bare, identity });
    if (first?.kind === 'answered') {
      waitUntil(giveBackPlace(runtime, first.pass, first.ended));
      return first.response;
    }
    const tried = first?.tried;
    const intake = await runtime.intake.accept(captured, { queue: queue.name, identity, tried });
    // Where it could not be stored, or was a duplicate, its place was not given back with it.
    if (tried) waitUntil(giveBackPlace(runtime, tried.pass, tried));
    return tried && mayHaveBeenDone(tried.end) ? notPassed(intake) : intake;
  };
  return same.share(thing, () => turns.pass(place, tryOnce));
}

/** It may have arrived, under a key that it would not have if it went past the queue now. */
function notPassed(intake: Intake): Intake {
  const passes = intake.kind === 'direct' || intake.kind === 'broken';
  return passes ? { kind: 'refused', refusal: intake.refusal } : intake;
}

/** A function that throws is reported where the request is stored. */
function keysOf(queue: QueueDefinition, captured: Captured): JobOptions {
  try {
    return readOptions(queue, captured);
  } catch {
    return {};
  }
}
