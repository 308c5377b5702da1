import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Behaviour } from './behaviour.js';
import { OriginError } from './errors.js';

interface Rule {
  allows: (value: unknown) => boolean;
  allowed: string;
}

const isNumber = (value: unknown, least: number): boolean => typeof value === 'number' && value >= least;
const isWhole = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && isNumber(value, least);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text: Rule = { allows: (value) => typeof value === 'string', allowed: 'a string' };
const flag: Rule = { allows: (value) => typeof value === 'boolean', allowed: 'true or false' };
const callable: Rule = { allows: (value) => typeof value === 'function', allowed: 'a function' };
const count: Rule = { allows: (value) => isWhole(value, 1), allowed: 'a whole number from 1' };
const fieldValue: Rule = { allows: isFieldValue, allowed: 'a header value' };
const fields: Rule = { allows: areFields, allowed: 'an object of header names and values' };
const duration: Rule = {
  // Node fires a timer above 2^31 - 1 ms at once.
  allows: (value) => isNumber(value, 0) && (value as number) < 2 ** 31,
  allowed: 'milliseconds from 0 to 2147483647',
};

const status: Rule = {
  allows: (value) => isWhole(value, 200) && (value as number) < 600,
  allowed: 'a status from 200 to 599',
};

const oneOf = (...values: readonly unknown[]): Rule => ({
  allows: (value) => values.includes(value),
  allowed: values.map((value) => JSON.stringify(value)).join(' or '),
});

const either = (...rules: readonly Rule[]): Rule => ({
  allows: (value) => rules.some((rule) => rule.allows(value)),
  allowed: rules.map((rule) => rule.allowed).join(', or '),
});

const optional = (rule: Rule): Rule => ({
  allows: (value) => value === undefined || rule.allows(value),
  allowed: `${rule.allowed}, or nothing`,
});

const shape = (rules: Record<string, Rule>): Rule => ({
  allows: (value) =>
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(rules, name)) &&
    Object.entries(rules).every(([name, rule]) => rule.allows(value[name])),
  allowed: `{ ${Object.entries(rules)
    .map(([name, rule]) => `${name}: ${rule.allowed}`)
    .join('; ')} }`,
});

const aim = { times: optional(count), match: optional(callable) };
const retryAfter = optional(fieldValue);

const RULES: Record<keyof Behaviour, Rule> = {
  ratePerSecond: {
    allows: (value) => isNumber(value, 0) && value !== 0,
    allowed: 'requests per second above 0, or Infinity (null in JSON) for no limit',
  },
  queueLimit: {
    allows: (value) => isWhole(value, 0) || value === Number.POSITIVE_INFINITY,
    allowed: 'a whole number from 0, or Infinity (null in JSON) for no limit',
  },
  baseLatencyMs: duration,
  overload: shape({ status: oneOf(429, 503), retryAfter: optional(either(fieldValue, callable)) }),
  rateLimitFields: oneOf('none', 'draft', 'x-ratelimit'),
  window: optional(
    shape({
      limit: count,
      perMs: { allows: (value) => isWhole(value, 1), allowed: 'whole milliseconds from 1' },
    }),
  ),
  fault: optional(
    either(
      shape({ kind: oneOf('drop', 'hold', 'reset'), ...aim }),
      shape({ kind: oneOf('delay'), ms: duration, ...aim }),
      shape({ kind: oneOf('status'), status, retryAfter, ...aim }),
    ),
  ),
  answer: optional(shape({ path: optional(text), status, headers: optional(fields), body: optional(text) })),
  dedupe: flag,
  cors: flag,
};

/**
 * Checks every field of a patch; an unknown field is refused too, since a typo would pass for "no change".
 *
 * @throws OriginError `behaviour-invalid`, with the field, its value and what is allowed
 */
export function checkBehaviour(patch: unknown): asserts patch is Partial<Behaviour> {
  if (!isObject(patch))
    throw refusal('The behaviour', patch, `an object with ${Object.keys(RULES).join(', ')}`);
  for (const [name, value] of Object.entries(patch)) {
    if (!Object.hasOwn(RULES, name))
      throw refusal(`No field ${name}`, value, `one of ${Object.keys(RULES).join(', ')}`);
    const rule = RULES[name as keyof Behaviour];
    if (!rule.allows(value)) throw refusal(name, value, rule.allowed);
  }
}

function refusal(what: string, value: unknown, allowed: string): OriginError {
  const shown = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return new OriginError('behaviour-invalid', `${what} (given ${shown}): allowed is ${allowed}.`, { value });
}

function isFieldValue(value: unknown): value is string {
  return typeof value === 'string' && succeeds(() => validateHeaderValue('x', value));
}

function areFields(value: unknown): boolean {
  return (
    isObject(value) &&
    Object.entries(value).every(
      ([name, field]) => succeeds(() => validateHeaderName(name)) && isFieldValue(field),
    )
  );
}

function succeeds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
