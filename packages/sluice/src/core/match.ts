import { SluiceError, sentenceOf } from './errors.js';

/** What is known of a request without waiting for anything. */
export interface RequestFacts {
  method: string;
  /** Absolute, without a fragment. */
  url: string;
  mode: string;
  destination: string;
}

export interface MatchRule {
  method: string | readonly string[];
  /** A URLPattern string; a relative one resolves against the origin of the app. */
  url: string;
}

/** Which requests belong to a queue: a rule, a list of rules, or a function of the facts. */
export type Match = MatchRule | readonly MatchRule[] | ((facts: RequestFacts) => boolean);

/** Names the queue that a request belongs to, or undefined: then it is none of our business. */
export type Matcher = (facts: RequestFacts) => string | undefined;

/**
 * The first match in the order of declaration. A navigation matches only as a form that is posted to a queue which takes
 * them, since a page could not show the receipt.
 *
 * @param base a URL of the app: relative patterns resolve against its origin
 * @param report told when a function of the user threw; the request then counts as unmatched
 */
export function createMatcher(
  queues: readonly { name: string; match: Match; navigations?: unknown }[],
  base: string,
  report: (error: SluiceError) => void,
): Matcher {
  const { origin } = new URL(base);
  const tests = queues.map(({ name, match, navigations }) => ({
    name,
    test: testOf(name, match, origin),
    takesForms: navigations !== undefined,
  }));
  return (facts) => {
    const isNavigation = facts.mode === 'navigate';
    if (isNavigation && facts.method !== 'POST') return undefined;
    for (const { name, test, takesForms } of tests) {
      if (isNavigation && !takesForms) continue;
      try {
        if (test(facts)) return name;
      } catch (cause) {
        report(matchFailed(name, cause));
      }
    }
    return undefined;
  };
}

function testOf(queue: string, match: Match, origin: string): (facts: RequestFacts) => boolean {
  if (typeof match === 'function') return match;
  const rules = (Array.isArray(match) ? match : [match]) as readonly MatchRule[];
  const tests = rules.map((rule) => ruleTest(queue, rule, origin));
  return (facts) => tests.some((test) => test(facts));
}

function ruleTest(queue: string, rule: MatchRule, origin: string): (facts: RequestFacts) => boolean {
  const methods = new Set([rule.method].flat().map((method) => method.toUpperCase()));
  const pattern = patternOf(`queue '${queue}', match.url`, rule.url, origin);
  return ({ method, url }) => methods.has(method.toUpperCase()) && pattern.test(url);
}

/** @throws SluiceError `config-invalid` */
export function patternOf(where: string, url: string, origin: string): URLPattern {
  try {
    return new URLPattern(url, origin);
  } catch (cause) {
    throw new SluiceError(
      'config-invalid',
      `${where}: ${JSON.stringify(url)} is no URL pattern (${sentenceOf(cause)}). ` +
        `Write a path such as '/api/orders/*', or a whole URL for another origin.`,
      { value: url, cause },
    );
  }
}

function matchFailed(queue: string, cause: unknown): SluiceError {
  return new SluiceError(
    'function-failed',
    `the match function of queue '${queue}' threw ${sentenceOf(cause)}. The request went on unmatched.`,
    { value: queue, cause },
  );
}
