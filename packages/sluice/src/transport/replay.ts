import type { RequestFacts } from '../core/match.js';

/**
 * Marks our own sends, and is the per-request opt-out of a page. A fragment is seen by the service worker at once, never
 * reaches the wire, causes no preflight, and survives `no-cors` and other origins.
 */
export const REPLAY_FRAGMENT = '#sluice-direct';

export function isReplay(url: string): boolean {
  return url.endsWith(REPLAY_FRAGMENT);
}

/** The URL with the mark in place of its own fragment, which would not reach the wire either. */
export function markReplay(url: string): string {
  return withoutFragment(url) + REPLAY_FRAGMENT;
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}

export function factsOf({ method, url, mode, destination }: Request): RequestFacts {
  return { method, url: withoutFragment(url), mode, destination };
}
