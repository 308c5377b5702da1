import { marginMsOf, type Rate } from '../../../../sluice/dist/core/policy.js';
import { between, randomOf } from '../random.js';
import { SendLog } from '../send-log.js';
import { atLeast, atMost, type Goal } from './goal.js';

const SCHEDULES = 1_000_000;

/** G1: late timers, clock jumps and restarts, and in no window more than the limit. */
export const neverMoreThanTheLimit: Goal = {
  name: 'G1',
  measure(seed) {
    const random = randomOf(seed);
    let worst = -Infinity;
    for (let i = 0; i < SCHEDULES; i++) worst = Math.max(worst, mostOverTheLimit(random));
    return [atMost('sends beyond the limit in any window, 10^6 schedules', 0, worst)];
  },
};

/**
 * One schedule: three limits' worth of sends. Instants are those of a clock that takes part in the jumps forward and not
 * in those back: the time that has passed at the least, whichever of the two clocks one believes.
 */
function mostOverTheLimit(random: () => number): number {
  const rate = randomRate(random);
  const log = new SendLog(rate);
  const passed: number[] = [];
  let wall = 1e6;
  let time = 1e6;
  while (passed.length < 3 * rate.limit) {
    const jumpMs = random() < 0.05 ? between(-2, 2, random) * rate.perMs : 0;
    wall += jumpMs;
    time += Math.max(0, jumpMs);
    if (jumpMs !== 0 || random() < 0.02) log.restart(wall);
    const at = log.nextAt(wall);
    if (at > wall) {
      const sleepMs = at - wall + latenessMs(rate, random);
      wall += sleepMs;
      time += sleepMs;
      continue;
    }
    log.charge(at);
    const lateMs = between(0, 1.2, random) * marginMsOf(rate);
    if (lateMs <= marginMsOf(rate)) passed.push(time + lateMs);
  }
  return mostWithin(passed, rate.perMs) - rate.limit;
}

function randomRate(random: () => number): Required<Rate> {
  const limit = 1 + Math.floor(random() * 6);
  return { limit, perMs: between(100, 10_000, random), burst: 1 + Math.floor(random() * limit) };
}

/** Mostly a few ms; now and then a tab that slept for windows. */
function latenessMs({ perMs }: Rate, random: () => number): number {
  return random() < 0.1 ? between(0, 3, random) * perMs : between(0, 5, random);
}

/** The most instants in any half-open window of `perMs`. They are almost sorted: neighbours may have swapped. */
function mostWithin(instants: number[], perMs: number): number {
  instants.sort((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (let last = 0; last < instants.length; last++) {
    while ((instants[last] as number) - (instants[first] as number) >= perMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

const STRICT = { limit: 10, perMs: 1000, burst: 10 } as const;
const STRICT_SENDS = 20_000;
const NETWORK_MS = 50;
const JITTER_MS = 40;

/** G2: a service that counts every window exactly, behind a network that is 40 ms early or late. */
export const usesTheWindow: Goal = {
  name: 'G2',
  measure(seed) {
    const random = randomOf(seed);
    const log = new SendLog(STRICT);
    const arrivals: number[] = [];
    let now = 0;
    for (let i = 0; i < STRICT_SENDS; i++) {
      now = log.nextAt(now);
      log.charge(now);
      arrivals.push(now + NETWORK_MS + between(-JITTER_MS, JITTER_MS, random));
    }
    const quota = (now / STRICT.perMs) * STRICT.limit;
    return [
      atLeast('share of {10, 1 s} used', 0.95, STRICT_SENDS / quota),
      atMost('rejected by a strict service, network +-40 ms', 0.015, rejectedBy(arrivals) / STRICT_SENDS),
    ];
  },
};

/** How many a sliding log of what it accepted rejects. */
function rejectedBy(arrivals: number[]): number {
  const accepted: number[] = [];
  let rejected = 0;
  for (const at of arrivals.toSorted((a, b) => a - b)) {
    const oldest = accepted.at(-STRICT.limit);
    if (oldest !== undefined && at - oldest < STRICT.perMs) rejected += 1;
    else accepted.push(at);
  }
  return rejected;
}
