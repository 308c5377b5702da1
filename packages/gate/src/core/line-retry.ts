const FIRST_MS = 1000;
const MOST_MS = 60_000;
const MOST_ASKED_MS = 3_600_000;

/** When a job is tried again: doubling, with jitter of a half, and no earlier than the service asks for. */
export function retryAt(
  attempts: number,
  { now, random, retryAfter }: { now: number; random: number; retryAfter: string | null },
): number {
  const backoffMs = Math.min(MOST_MS, FIRST_MS * 2 ** attempts) * (0.5 + random / 2);
  return now + Math.max(backoffMs, askedMs(retryAfter, now));
}

/** RFC 9110, 10.2.3: seconds or a date. */
function askedMs(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isFinite(seconds) ? Math.min(Math.max(0, seconds), MOST_ASKED_MS) : 0;
}
