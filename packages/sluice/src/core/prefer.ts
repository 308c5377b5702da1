import type { HeaderPairs } from './job.js';
import type { Captured } from './messages.js';

/** What a request asks of its answer (RFC 7240). */
export interface Preference {
  respondAsync: boolean;
  waitMs: number | undefined;
}

/** Reads `Prefer: respond-async` and `Prefer: wait=N`, and takes them out: they are for us, the others for the service. */
export function takePreference(captured: Captured): { preference: Preference; captured: Captured } {
  const preference: Preference = { respondAsync: false, waitMs: undefined };
  const headers = captured.request.headers.flatMap(([name, value]): HeaderPairs => {
    if (name.toLowerCase() !== 'prefer') return [[name, value]];
    const others = value.split(',').filter((token) => !isOurs(token.trim(), preference));
    return others.length === 0 ? [] : [[name, others.join(',').trim()]];
  });
  return { preference, captured: { ...captured, request: { ...captured.request, headers } } };
}

/** The first of each counts (RFC 7240, section 2). */
function isOurs(token: string, preference: Preference): boolean {
  if (/^respond-async$/i.test(token)) {
    preference.respondAsync = true;
    return true;
  }
  const [, seconds] = /^wait\s*=\s*"?(\d{1,6})"?$/i.exec(token) ?? [];
  if (seconds === undefined) return false;
  preference.waitMs ??= Number(seconds) * 1000;
  return true;
}

/** How a stored request is answered: at once by its receipt, or by the service's own answer if that comes in time. */
export interface Respond {
  /** 0: at once. */
  holdMs: number;
  /** `Preference-Applied`, where the request's wish was heard. */
  applied: string | undefined;
}

/** Firefox ends a held fetch after some 60 s. */
export const LONGEST_HOLD_MS = 45_000;

/** The queue's way, unless the request wishes another; `no-cors` never holds, since the page could not read the answer. */
export function respondTo(
  { respond, holdMs }: { respond: 'receipt' | 'hold'; holdMs: number },
  { respondAsync, waitMs }: Preference,
  mode: string,
): Respond {
  if (mode === 'no-cors') return { holdMs: 0, applied: undefined };
  if (waitMs !== undefined) {
    const wait = `wait=${Math.floor(Math.min(waitMs, LONGEST_HOLD_MS) / 1000)}`;
    return {
      holdMs: Math.min(waitMs, LONGEST_HOLD_MS),
      applied: respondAsync ? `respond-async, ${wait}` : wait,
    };
  }
  if (respondAsync) return { holdMs: 0, applied: 'respond-async' };
  return { holdMs: respond === 'hold' ? holdMs : 0, applied: undefined };
}
