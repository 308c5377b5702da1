import { type Rate, spacingMsOf, toleranceMsOf, windowMsOf } from './rate.js';

/**
 * The one schedule of a queue, shared by all nodes. Instants are those of the store's clock, in epoch ms with decimals.
 *
 * Sends are spaced by GCRA (ITU-T I.371), which is exact for every window. Numbers promise instants further ahead, a little
 * apart from each other, so that holders who come in time find the pace free. Idle instants go to arrivals without a number.
 */
export interface Schedule {
  /** The theoretical arrival time of GCRA: where an evenly spaced sender would stand. */
  readonly tat: number;
  /** No number has been given for an instant from here on. */
  readonly numbersFrom: number;
  /** How many numbers have been given. */
  readonly numbers: number;
  /** The latest reading of the store's clock. */
  readonly readAt: number;
}

export const FRESH_SCHEDULE: Schedule = { tat: 0, numbersFrom: 0, numbers: 0, readAt: 0 };

/** A number: an instant that is promised to one caller. */
export interface SlotNumber {
  at: number;
  /** Its place among all numbers of the queue: no two are the same. */
  serial: number;
}

/** A number is due so long before its instant... */
const EARLY_MS = 250;
/** ...and so long after it, which is as long as its holder waits on the connection. */
export const LATE_MS = 5000;
/** No number is given for an instant further ahead. */
const HORIZON_MS = 3_600_000;
/** While numbers are out or jobs wait, an arrival without a number takes an instant no further ahead. */
const WALK_IN_MS = 20;
/** What numbers may take of the rate. The rest lets holders catch up who came late. */
const NUMBERED_SHARE = 0.95;
/** A clock that runs back by more has been set; one of another node of a cluster may differ by less. */
const SET_BACK_MS = 1000;

/**
 * The schedule as of a reading of the store's clock. Time never runs back in it. After a clock was set back the last window counts as
 * full, and what was promised keeps its distance.
 */
export function readClock(schedule: Schedule, now: number, rate: Rate): Schedule {
  if (now >= schedule.readAt - SET_BACK_MS) return { ...schedule, readAt: Math.max(now, schedule.readAt) };
  const windowMs = windowMsOf(rate) + toleranceMsOf(rate);
  const moved = (at: number): number => now + Math.max(0, at - schedule.readAt);
  return {
    ...schedule,
    tat: moved(schedule.tat) + windowMs,
    numbersFrom: moved(schedule.numbersFrom),
    readAt: now,
  };
}

/** The first instant at which one more send may leave. */
export function nextSendAt(schedule: Schedule, rate: Rate): number {
  return Math.max(schedule.readAt, schedule.tat - toleranceMsOf(rate));
}

/** The schedule after one more send at `at`. */
export function chargeSend(schedule: Schedule, rate: Rate, at: number): Schedule {
  return { ...schedule, tat: Math.max(schedule.tat, at) + spacingMsOf(rate) };
}

/** How long an arrival without a number may wait: while others hold numbers, only what they leave idle is free. */
export function patienceMs(schedule: Schedule, holdMs: number): number {
  return schedule.numbersFrom > schedule.readAt ? Math.min(WALK_IN_MS, holdMs) : holdMs;
}

/** The next number, or undefined where its instant is beyond the horizon. */
export function giveNumber(
  schedule: Schedule,
  rate: Rate,
  horizonMs: number = HORIZON_MS,
): { number: SlotNumber; schedule: Schedule } | undefined {
  const at = Math.max(nextSendAt(schedule, rate), schedule.numbersFrom);
  if (at > schedule.readAt + horizonMs) return undefined;
  const number = { at, serial: schedule.numbers };
  const numbersFrom = at + spacingMsOf(rate) / NUMBERED_SHARE;
  return { number, schedule: { ...schedule, numbersFrom, numbers: schedule.numbers + 1 } };
}

/** Whether a number is due: early, it stays as it is; late, it is gone. */
export function standingOf({ at }: SlotNumber, { readAt }: Schedule): 'early' | 'due' | 'late' {
  if (readAt < at - EARLY_MS) return 'early';
  return readAt <= at + LATE_MS ? 'due' : 'late';
}

/** A number that was used is remembered so long (store's clock). After that it is late. */
export function slotKeptUntil({ at }: SlotNumber): number {
  return at + LATE_MS;
}
