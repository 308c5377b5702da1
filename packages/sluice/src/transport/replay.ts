import type { Ticket } from '../core/job.js';
import type { RequestFacts } from '../core/match.js';

/**
 * Marks our own sends, and is the per-request opt-out of a page. A fragment is seen by the service worker at once, never
 * reaches the wire, causes no preflight, and survives `no-cors` and other origins.
 */
export const REPLAY_FRAGMENT = '#sluice-direct';

/** A send that the service worker may make in the place of a worker. */
export interface Carriable {
  ticket: Ticket;
  timeoutMs: number;
}

const MARK = /#sluice-direct(?:=(\d+),(.+))?$/;

export function isReplay(url: string): boolean {
  return MARK.test(url);
}

export function carriableIn(url: string): Carriable | undefined {
  const [, timeoutMs, ticket] = MARK.exec(url) ?? [];
  if (ticket === undefined) return undefined;
  return { ticket: decodeURIComponent(ticket), timeoutMs: Number(timeoutMs) };
}

/** The URL with the mark in place of its own fragment, which would not reach the wire either. */
export function markReplay(url: string, carriable?: Carriable): string {
  const more = carriable ? `=${carriable.timeoutMs},${encodeURIComponent(carriable.ticket)}` : '';
  return withoutFragment(url) + REPLAY_FRAGMENT + more;
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}

/** An XHR alone has a user and a password in its URL, and they are no part of what a rule or a list is to see. */
const USER_INFO = /(?<=^[a-z]+:\/\/)[^/?#]*@/;

export function withoutUserInfo(url: string): string {
  return url.replace(USER_INFO, '');
}

/** The `Authorization` that a user and a password in a URL stand for (RFC 7617), if there are any. */
export function authorizationIn(url: string): string | undefined {
  if (!USER_INFO.test(url)) return undefined;
  const { username, password } = new URL(url);
  const bytes = `${username}:${password}`.replace(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return `Basic ${btoa(bytes)}`;
}

export function factsOf({ method, url, mode, destination }: Request): RequestFacts {
  return { method, url: withoutUserInfo(withoutFragment(url)), mode, destination };
}
