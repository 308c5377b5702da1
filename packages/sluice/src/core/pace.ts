import { marginMsOf, type Rate } from './policy.js';

/**
 * The stored rate state of a queue. The instants of the sends themselves are rows apart, numbered from 0: `n` is the
 * number of the next one. Rows before `since` no longer count, because nothing is sent before `openAt`.
 */
export interface Pace {
  n: number;
  since: number;
  openAt: number;
  /** The theoretical arrival time of GCRA (ITU-T I.371): where an evenly spaced sender would stand. */
  tat: number;
  lastAt: number;
}

export const FRESH_PACE: Pace = { n: 0, since: 0, openAt: 0, tat: 0, lastAt: 0 };

/** Stored instants further ahead than this were written under another clock. */
export const CLOCK_TOLERANCE_MS = 1000;

/** The least slack that spacing leaves: a timer is rarely more exact than this. */
const TOLERANCE_MS = 10;

/** The send whose instant bounds the next one: the one `limit` sends ago, or none while the window cannot be full. */
export function boundingSend(pace: Pace, rate: Rate | null): number | undefined {
  const bound = rate ? pace.n - rate.limit : -1;
  return bound >= pace.since ? bound : undefined;
}

/**
 * The first instant from `now` on at which the next send may leave.
 *
 * Two rules hold at once. The sliding log: no sooner than `perMs + marginMs` after the send `limit` ago, which is exact
 * for every window, where a token bucket or a fixed window lets nearly twice as many through. GCRA spacing inside it:
 * evenly, but for `burst`.
 *
 * @param boundAt the charged instant of `boundingSend(pace, rate)`
 * @param share of the configured rate that is in use, in (0, 1]
 */
export function nextSendAt(
  pace: Pace,
  rate: Required<Rate> | null,
  { boundAt, share, now }: { boundAt: number | undefined; share: number; now: number },
): number {
  // Never before the send that was charged last: the log counts windows by number, so its instants must not run back.
  const earliest = Math.max(now, pace.openAt, pace.lastAt);
  if (!rate) return earliest;
  const windowAt = boundAt === undefined ? 0 : boundAt + rate.perMs + marginMsOf(rate);
  return Math.max(earliest, windowAt, pace.tat - toleranceMs(rate, share));
}

/** The pace after a send charged at `at`. */
export function charge(
  pace: Pace,
  rate: Required<Rate> | null,
  { at, share }: { at: number; share: number },
): Pace {
  const tat = rate ? Math.max(pace.tat, at) + spacingMs(rate, share) : at;
  return { n: pace.n + 1, since: pace.since, openAt: pace.openAt, tat, lastAt: at };
}

/**
 * The pace without its last send, which was charged but never left. Safe only for the last one: nothing was charged on top
 * of it. What stays of spacing errs on the slow side.
 */
export function refund(pace: Pace, rate: Rate | null, share: number): Pace {
  return { ...pace, n: pace.n - 1, tat: rate ? pace.tat - spacingMs(rate, share) : pace.tat };
}

/** True if the stored instants cannot have been written under the clock that says `now`. */
export function isFromAnotherClock(pace: Pace, now: number): boolean {
  return pace.lastAt > now + CLOCK_TOLERANCE_MS;
}

/** The pace when no stored instant can be trusted: the window counts as full at `now`, so wait one `perMs`, no longer. */
export function treatAsFull(pace: Pace, rate: Rate | null, now: number): Pace {
  const openAt = rate ? now + rate.perMs + marginMsOf(rate) : now;
  return { n: pace.n, since: pace.n, openAt, tat: 0, lastAt: now };
}

function spacingMs(rate: Rate, share: number): number {
  return (rate.perMs + marginMsOf(rate)) / rate.limit / share;
}

function toleranceMs(rate: Required<Rate>, share: number): number {
  return Math.max((rate.burst - 1) * spacingMs(rate, share), TOLERANCE_MS);
}
