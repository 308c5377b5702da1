import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '../../../../sluice/dist/core/flow/decide.js';
import { observe } from '../../../../sluice/dist/core/flow/observe.js';
import { sent } from '../../../../sluice/dist/core/flow/sent.js';
import { type Flow, newFlow } from '../../../../sluice/dist/core/flow/state.js';
import { randomOf } from '../random.js';
import { DEFAULT_FLOW } from '../sluice.js';
import { atMost, type Goal } from './goal.js';

const VIEW = { queued: 100, inFlight: 0 };

/** One answer in so many is a rejection. */
const REJECTED_EVERY = 97;
const ROUND_TRIP_MS = 80;

export interface Cost {
  microseconds: number;
  mostBytes: number;
  /** Of what survives a collection. */
  grownBytes: number;
}

/** Decides, sends and observes so often; measures the real time, the largest state and what memory has grown by. */
export function costOf(rounds: number, seed: number): Cost {
  const random = randomOf(seed);
  const warm = laps({ flow: newFlow(), now: 1_764_000_000_000, mostBytes: 0 }, rounds / 10, random);
  const before = liveBytes();
  const startedAt = performance.now();
  const { mostBytes } = laps(warm, rounds, random);
  const microseconds = ((performance.now() - startedAt) * 1000) / rounds;
  return { microseconds, mostBytes, grownBytes: liveBytes() - before };
}

interface Lap {
  flow: Flow;
  now: number;
  mostBytes: number;
}

function laps({ flow, now, mostBytes }: Lap, rounds: number, random: () => number): Lap {
  for (let i = 0; i < rounds; i++) {
    const decision = decide(flow, DEFAULT_FLOW, now, VIEW);
    if (decision.kind === 'wait') now = decision.until;
    flow = sent(flow, DEFAULT_FLOW, now, 1, random);
    const sentAt = now;
    now += ROUND_TRIP_MS;
    const kind = i % REJECTED_EVERY === 0 ? 'rejected' : 'accepted';
    const outcome = { kind, sentAt, rttMs: ROUND_TRIP_MS, endsRetry: false } as const;
    flow = observe(flow, DEFAULT_FLOW, now, outcome, 0, random);
    if (i % 1000 === 0) mostBytes = Math.max(mostBytes, bytesOf(flow));
  }
  return { flow, now, mostBytes };
}

/** As a typed array would hold it: eight bytes a number, and the letters of what is text. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, part) => sum + bytesOf(part), 0);
}

function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

const MEBIBYTE = 1024 * 1024;

/** G13: real time, so for the bench alone. */
export const costGoal: Goal = {
  name: 'G13',
  measure(seed) {
    const { microseconds, mostBytes, grownBytes } = costOf(10_000_000, seed);
    return [
      atMost('decide, sent and observe, us', 2, microseconds),
      atMost('state, bytes at 8 a number', 300, mostBytes),
      atMost('heap grown over 10^7 calls, MiB', 1, grownBytes / MEBIBYTE),
    ];
  },
};
