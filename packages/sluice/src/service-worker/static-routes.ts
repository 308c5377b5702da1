import type { SluiceDefinition } from '../core/config.js';
import type { MatchRule } from '../core/match.js';
import { STATUS_PATH } from '../core/receipt.js';

/** A condition and a rule of the static routing API, as far as we use it; not in the DOM types, since two engines lack it. */
export type Condition =
  | { urlPattern: URLPattern; requestMethod?: string }
  | { requestMode: 'navigate'; requestMethod: 'GET' }
  | { or: Condition[] }
  | { not: Condition };
export interface Route {
  condition: Condition;
  source: 'network';
}

/**
 * What the browser may send to the network without starting us: whatever no rule names. Where a function decides, that
 * cannot be said beforehand; a page itself is never ours.
 *
 * @param base a URL of the app: relative patterns resolve against its origin
 */
export function staticRoutes({ queues }: SluiceDefinition, base: string): Route[] {
  const page: Route = { condition: { requestMode: 'navigate', requestMethod: 'GET' }, source: 'network' };
  const rules: MatchRule[] = [];
  for (const { match } of queues) {
    if (typeof match === 'function') return [page];
    rules.push(...[match].flat());
  }
  const { origin } = new URL(base);
  const ours = [
    ...rules.flatMap((rule) => conditionsOf(rule, origin)),
    { urlPattern: new URLPattern(`${STATUS_PATH}*`, origin) },
  ];
  return [page, { condition: { not: { or: ours } }, source: 'network' }];
}

function conditionsOf({ method, url }: MatchRule, origin: string): Condition[] {
  const urlPattern = new URLPattern(url, origin);
  return [method].flat().map((one) => ({ urlPattern, requestMethod: one.toUpperCase() }));
}

/** Chromium has it; a pattern with a regular expression is refused there, and we are asked each time then. */
export async function addStaticRoutes(event: Event, routes: Route[]): Promise<void> {
  const { addRoutes } = event as Event & { addRoutes?: (routes: Route[]) => Promise<void> };
  await addRoutes?.call(event, routes).catch(() => undefined);
}
