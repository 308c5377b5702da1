/**
 * The order of service within a queue, as one number that a job is given when it joins: the index over it is the line,
 * so that taking the next job costs the same at any depth.
 *
 * Priorities are strict classes. Within a class stands self-clocked fair queueing (Golestani, INFOCOM 1994): each fairness
 * key is a flow whose jobs end their cost apart, and a flow that was idle joins where the class is now, not behind the
 * backlog of another. Jobs without a key are one flow: first come, first served.
 */
export interface PriorityClass {
  /** The place that was served last. */
  served: number;
  /** The place of the last job without a key. */
  end: number;
}

export const PRIORITIES: { lowest: number; highest: number } = { lowest: -9, highest: 9 };

export const EMPTY_CLASS: PriorityClass = { served: 0, end: 0 };

/** Of so many jobs served, one is the oldest of all classes: a lower one is slowed by a flood, never starved. */
const AGEING_TURN = 8;

/** Places of one class; far more than the costs of all jobs that a queue ever sees. */
const CLASS_SIZE = 2 ** 44;

/** The place of a job that joins; `flowEnd` is that of its flow's last one, undefined for a flow without a backlog. */
export function placeAfter({ served }: PriorityClass, flowEnd: number | undefined, cost: number): number {
  return Math.max(served, flowEnd ?? 0) + cost;
}

/** The class once a job at `place` was taken. */
export function afterServing(own: PriorityClass, place: number): PriorityClass {
  return { ...own, served: Math.max(own.served, place) };
}

/** The key of a place in the line of all classes, ascending: the highest priority first. */
export function rankOf(priority: number, place: number): number {
  return place - priority * CLASS_SIZE;
}

export function placeOf(priority: number, rank: number): number {
  return rank + priority * CLASS_SIZE;
}

/** The ranks of one class, from and to. */
export function ranksOf(priority: number): [from: number, to: number] {
  return [rankOf(priority, 0), rankOf(priority, CLASS_SIZE - 1)];
}

/** Whether the oldest of all classes is next, after so many jobs that overtook it. */
export function isAgeingTurn(overtakes: number): boolean {
  return overtakes >= AGEING_TURN - 1;
}
