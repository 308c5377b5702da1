import type { Work } from './answer.js';
import type { Arrival } from './arrival.js';

/** Remembers which work was done first under which Idempotency-Key. A key counts for one method and path. */
interface WorkDone {
  find(arrival: Arrival): Work | undefined;
  keep(work: Work): void;
}

export function createWorkDone(): WorkDone {
  const done = new Map<string, Work>();
  return {
    find: (arrival) => done.get(nameOf(arrival)),
    keep: (work) => {
      const name = nameOf(work.arrival);
      if (work.arrival.idempotencyKey !== undefined && !done.has(name)) done.set(name, work);
    },
  };
}

function nameOf({ method, url, idempotencyKey }: Arrival): string {
  return JSON.stringify([method, url.split('?')[0], idempotencyKey]);
}
