import { MAX_FREEZE_MS } from './policy.js';

/**
 * The wait that a Retry-After field asks for, in ms from the answer on: delta-seconds (decimals too, as some services send) or an
 * HTTP-date (RFC 9110, 10.2.3), clamped to [0, 10 min]. Undefined for an absent or unreadable value.
 */
export function retryAfterMs(value: string | null | undefined, answeredAt: number): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : (httpDate(text) ?? Number.NaN) - answeredAt;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_FREEZE_MS) : undefined;
}

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * The instant of an HTTP-date in its one current form (IMF-fixdate), else undefined. `Date.parse` would take nearly anything
 * and read half of it in the local zone.
 */
export function httpDate(text: string): number | undefined {
  const parts = /^\w{3}, (\d{2}) (\w{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/.exec(text);
  if (!parts) return undefined;
  const [, day, month = '', year, hour, minute, second] = parts;
  const monthIndex = MONTHS.indexOf(month);
  if (monthIndex % 3 !== 0) return undefined;
  return Date.UTC(Number(year), monthIndex / 3, Number(day), Number(hour), Number(minute), Number(second));
}
