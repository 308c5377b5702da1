import type { Expect, QueueDefinition } from '../core/config.js';
import { patternOf } from '../core/match.js';

/**
 * The queue with an `expect` that knows the page where users sign in by its URL.
 *
 * @param base a URL of the app: a relative pattern resolves against its origin
 */
export function withSignIn(queue: QueueDefinition, base: string): QueueDefinition {
  const { name, signInUrl, expect = asTheTablesSay } = queue;
  if (signInUrl === undefined) return queue;
  const page = patternOf(`queue '${name}', signInUrl`, signInUrl, new URL(base).origin);
  const isLedThere = ({ redirected, url }: Response): boolean => redirected && page.test(url);
  return { ...queue, expect: (response) => (isLedThere(response) ? 'sign-in' : expect(response)) };
}

const asTheTablesSay: Expect = () => true;
