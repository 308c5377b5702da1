import type { Ticket } from '../core/job.js';
import { type Outcome, outcomeOf } from '../core/views.js';
import { readTicketed } from '../store/query.js';
import { openView } from './open-view.js';
import type { SealingKeys } from '../transport/seal.js';
import type { World } from './world.js';

/** A hint may be lost, so that the store is looked at by itself, too. */
const LOOK_EVERY_MS = 5000;

/** What it takes to wait for the end of a job. */
export interface Watching extends Pick<World, 'database' | 'notify' | 'clock'> {
  sealingKey: SealingKeys;
}

/** Resolves when the job has ended: at once, if it has already; never, once `signal` has aborted. */
export async function settled(watching: Watching, ticket: Ticket, signal?: AbortSignal): Promise<Outcome> {
  const { notify, clock } = watching;
  const first = await look(watching, ticket);
  if (first) return first;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      stopListening();
      callOff();
    };
    const lookAgain = (): void => {
      look(watching, ticket).then(
        (outcome) => {
          if (!outcome) return;
          stop();
          resolve(outcome);
        },
        (error: unknown) => {
          stop();
          reject(error);
        },
      );
    };
    const stopListening = notify.listen((events) => {
      if (events.some((event) => 'ticket' in event && event.ticket === ticket)) lookAgain();
    });
    const lookLater = (): (() => void) =>
      clock.at(clock.now() + LOOK_EVERY_MS, () => {
        callOff = lookLater();
        lookAgain();
      });
    let callOff = lookLater();
    // Whoever has stopped waiting needs no answer.
    signal?.addEventListener('abort', stop, { once: true });
    // What ended between the first look and the first listening.
    lookAgain();
  });
}

async function look({ database, sealingKey }: Watching, ticket: Ticket): Promise<Outcome | undefined> {
  const known = await readTicketed(database, ticket);
  // Its user may come back: that of another has not ended for whoever asks now.
  if (known.kind === 'elsewhere') return undefined;
  return known.kind === 'job' ? outcomeOf(await openView(known, sealingKey)) : { kind: 'unknown', ticket };
}
