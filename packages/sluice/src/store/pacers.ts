import { FRESH_PACE, isFromAnotherClock, type Pace, treatAsFull } from '../core/pace.js';
import type { Rate } from '../core/policy.js';
import type { TurnRequest } from '../core/ports.js';
import type { Ledger } from './ledger.js';
import type { SendRow } from './rows.js';

/** A rate that sends are charged to: that of the queue, or that of a destination. */
export interface Pacer {
  /** What its sends are recorded under. */
  key: string;
  rate: Required<Rate> | null;
  pace: Pace;
  /** The sends that bound the next ones, as far as they were read in this transaction. */
  bounds: SendRow[];
  /** The context whose clock says what time it is. */
  by: string;
  /** Stores a pace that has changed. */
  keep(pace: Pace): void;
}

/** The rates that the jobs of a queue are charged to. */
export interface Pacers {
  own: Pacer;
  byOrigin: Map<string, Pacer>;
  /** Origins that the functions of the queue have made requests to. */
  reached: readonly string[];
}

/** Reads the paces of a turn; instants that another clock has written count as a window that is full now. */
export async function openPacers(
  ledger: Ledger,
  { clockJumped, by }: Pick<TurnRequest, 'clockJumped'> & { by: string },
): Promise<Pacers> {
  const { tx, row, now } = ledger;
  const checked = (pace: Pace, rate: Rate | null): Pace =>
    clockJumped || isFromAnotherClock(pace, now) ? treatAsFull(pace, rate, now, by) : pace;
  row.pace = checked(row.pace, row.policy.rate);
  const byOrigin = new Map<string, Pacer>();
  for (const [origin, rate] of Object.entries(row.policy.limits)) {
    const stored = (await tx.get('paces', origin))?.pace ?? FRESH_PACE;
    const pacer = pacerOf(ledger, { origin, rate, pace: stored, by });
    const pace = checked(stored, rate);
    // Stored at once: a window that counts as full anew at each look would never open.
    if (pace !== stored) pacer.keep(pace);
    byOrigin.set(origin, pacer);
  }
  return {
    own: ownPacer(ledger, by),
    byOrigin,
    // What this transaction settles may tell of another.
    get reached() {
      return row.reached ?? [];
    },
  };
}

/** The rates that a request to `url` is charged to. */
export function pacersOf({ own, byOrigin, reached }: Pacers, url: string): Pacer[] {
  if (byOrigin.size === 0) return [own];
  const shared = [...new Set([originOf(url), ...reached])].map((origin) => byOrigin.get(origin));
  return [own, ...shared.filter((pacer) => pacer !== undefined)];
}

/** A row that makes no request any more is found out when it is sent: it must not stop the turn. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}

function ownPacer({ row }: Ledger, by: string): Pacer {
  return {
    key: row.name,
    bounds: [],
    by,
    get rate() {
      return row.policy.rate;
    },
    get pace() {
      return row.pace;
    },
    keep: (pace) => {
      row.pace = pace;
    },
  };
}

function pacerOf(
  { tx }: Ledger,
  { origin, ...rest }: { origin: string } & Pick<Pacer, 'rate' | 'pace' | 'by'>,
): Pacer {
  const pacer: Pacer = {
    key: origin,
    ...rest,
    bounds: [],
    keep: (changed) => {
      pacer.pace = changed;
      tx.put('paces', { origin, pace: changed });
    },
  };
  return pacer;
}
