import { marginMsOf, type Rate } from './policy.js';

/**
 * The stored rate state of a queue. What is sent is counted in units, numbered from 0: a send of cost 3 takes three. The
 * instants are rows apart, each under the number of its send's last unit; `n` is the number of the next unit. Units before
 * `since` no longer count, because nothing is sent before `openAt`.
 */
export interface Pace {
  n: number;
  since: number;
  openAt: number;
  /** The theoretical arrival time of GCRA (ITU-T I.371): where an evenly spaced sender would stand. */
  tat: number;
  lastAt: number;
  /** The context that has charged last; undefined where none has, or an older version. */
  by?: string;
  /** Units before this were charged by other clocks than that of `by`. */
  foreign?: number;
}

export const FRESH_PACE: Pace = { n: 0, since: 0, openAt: 0, tat: 0, lastAt: 0 };

/** No send is charged further ahead than this. */
export const MAX_AHEAD_MS = 10_000;

/** The clocks of two contexts may be so far apart: each follows the wall clock once it is off by so much (drain/clock.ts). */
const CLOCK_TOLERANCE_MS = 1000;

/** What a timer may be off by. */
const TIMER_MS = 1;

/** The least slack that spacing leaves: a timer is rarely more exact than this. */
const TOLERANCE_MS = 10;

/** What a send takes of the window: one that costs more than all of it takes all of it. */
export function unitsOf(cost: number, rate: Rate | null): number {
  return rate ? Math.min(cost, rate.limit) : cost;
}

/**
 * The unit whose instant bounds the next send: the one `limit` units before its last, or none while the window has room.
 * The row that covers it is the first one from that number on.
 */
export function boundingSend(pace: Pace, rate: Rate | null, units = 1): number | undefined {
  const bound = rate ? pace.n + units - 1 - rate.limit : -1;
  return bound >= pace.since ? bound : undefined;
}

/**
 * The first instant from `now` on at which the next send may leave.
 *
 * Two rules hold at once. The sliding log: no sooner than `perMs + marginMs` after the send `limit` ago, which is exact
 * for every window, where a token bucket or a fixed window lets nearly twice as many through. GCRA spacing inside it:
 * evenly, but for `burst`.
 *
 * @param boundAt when the send of `boundingSend(pace, rate, units)` counts
 * @param by the context that asks
 */
export function nextSendAt(
  pace: Pace,
  rate: Required<Rate> | null,
  { boundAt, now, by = '' }: { boundAt: number | undefined; now: number; by?: string },
): number {
  const opensAt = pace.openAt + (isOfAnother(pace, by) ? CLOCK_TOLERANCE_MS : 0);
  // Never before the send that was charged last: the log counts windows by number, so its instants must not run back.
  const earliest = Math.max(now, opensAt, pace.lastAt);
  if (!rate) return earliest;
  const windowAt = boundAt === undefined ? 0 : boundAt + windowMs(rate);
  return Math.max(earliest, windowAt, pace.tat - toleranceMs(rate));
}

/**
 * When a charged send counts for the context `by`: what another clock has charged, a second later, since by ours it may have left
 * so much later. Of contexts that take turns each sees all that came before its turn as charged by the other: two clocks
 * say nothing of the order in which they have sent.
 */
export function countedAt(pace: Pace, { n, at }: { n: number; at: number }, by: string): number {
  const isForeign = isOfAnother(pace, by) || n < (pace.foreign ?? 0);
  return isForeign ? at + CLOCK_TOLERANCE_MS : at;
}

function isOfAnother(pace: Pace, by: string): boolean {
  return pace.lastAt > 0 && pace.by !== by;
}

/** The pace after a send that the context `by` has charged at `at`. */
export function charge(
  pace: Pace,
  rate: Required<Rate> | null,
  { at, units = 1, by = '' }: { at: number; units?: number; by?: string },
): Pace {
  const foreign = isOfAnother(pace, by) ? pace.n : (pace.foreign ?? 0);
  const tat = rate ? Math.max(pace.tat, at) + units * spacingMs(rate) : at;
  return { ...pace, n: pace.n + units, tat, lastAt: at, by, foreign };
}

/** What the record holds of a send. */
interface Charged {
  at: number;
  units: number;
}

/**
 * The pace as if a send that never left had not been charged. Going back from the last one tells how far each stood on top
 * of the one before it: what came after a pause did not wait for it, and gains nothing.
 *
 * @param later those that were charged after it, in order
 */
export function refund(pace: Pace, rate: Rate | null, units: number, later: readonly Charged[]): Pace {
  if (!rate) return { ...pace, n: pace.n - units };
  let { tat } = pace;
  let given = units * spacingMs(rate);
  for (const send of later.toReversed()) {
    tat -= send.units * spacingMs(rate);
    given = Math.min(given, Math.max(0, tat - send.at));
  }
  return { ...pace, n: pace.n - units, tat: pace.tat - given };
}

/**
 * Whether a send that was charged for `at` may begin. One that has waited for its instant and is too early was charged under a
 * clock that has been set back since.
 */
export function isInTime(now: number, { at, latestAt }: { at: number; latestAt: number }): boolean {
  return now >= at - TIMER_MS && now <= latestAt;
}

/** True if the stored instants cannot have been written under the clock that says `now`. */
export function isFromAnotherClock(pace: Pace, now: number): boolean {
  return pace.lastAt > now + MAX_AHEAD_MS + CLOCK_TOLERANCE_MS;
}

/** When a whole window has gone unused, by any clock, and with what another keeps clear of ours: its user is not there. */
export function unusedAt(pace: Pace, rate: Rate | null): number {
  return pace.lastAt + windowMs(rate) + 2 * CLOCK_TOLERANCE_MS;
}

/** The pace when no stored instant can be trusted: the window counts as full at `now`, so wait one `perMs`, no longer. */
export function treatAsFull(pace: Pace, rate: Rate | null, now: number, by = ''): Pace {
  const { n } = pace;
  return { n, since: n, openAt: now + windowMs(rate), tat: 0, lastAt: now, by, foreign: n };
}

function spacingMs(rate: Rate): number {
  return windowMs(rate) / rate.limit;
}

function windowMs(rate: Rate | null): number {
  return rate ? rate.perMs + marginMsOf(rate) : 0;
}

function toleranceMs(rate: Required<Rate>): number {
  return Math.max((rate.burst - 1) * spacingMs(rate), TOLERANCE_MS);
}
