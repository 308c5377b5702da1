import { SluiceError } from './errors.js';

/** One thing that is wrong with a config. */
export interface Problem {
  where: string;
  value: unknown;
  allowed: string;
}

/** Answers what is allowed, for a value that is not. */
export type Rule = { allows: (value: unknown) => boolean; allowed: string };

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// RFC 9110, 5.6.2: what a field name or a method may consist of.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const isToken = (value: unknown): boolean => typeof value === 'string' && TOKEN.test(value);

export const positive: Rule = wholeFrom(1);

/** Rows that one transaction reads; IndexedDB counts them up to 2^32. */
export const atOnce: Rule = wholeFrom(1, 10_000);

/** The longest timer that a browser keeps: beyond it fires at once. */
export const duration: Rule = wholeFrom(1, 2 ** 31 - 1, 'whole milliseconds');
export const age: Rule = wholeFrom(1, Number.POSITIVE_INFINITY, 'whole milliseconds');
export const epoch: Rule = wholeFrom(0, Number.POSITIVE_INFINITY, 'epoch milliseconds');
export const key: Rule = {
  allows: (value) => typeof value === 'string' && value.length <= 512,
  allowed: 'a string of up to 512 characters',
};
export const size: Rule = wholeFrom(0, Number.POSITIVE_INFINITY, 'whole bytes');
export const flag: Rule = { allows: (value) => typeof value === 'boolean', allowed: 'true or false' };
export const callable: Rule = { allows: (value) => typeof value === 'function', allowed: 'a function' };
export const token: Rule = { allows: isToken, allowed: 'a header name' };
export const tokens: Rule = {
  allows: (value) => Array.isArray(value) && value.every(isToken),
  allowed: 'a list of header names',
};
export const label: Rule = {
  allows: (value) => typeof value === 'string' && /^[\w-]{1,64}$/.test(value),
  allowed: 'up to 64 letters, digits, _ and -',
};

export function wholeFrom(
  least: number,
  most: number = Number.POSITIVE_INFINITY,
  what = 'a whole number',
): Rule {
  return {
    allows: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    allowed: `${what} from ${least}${most === Number.POSITIVE_INFINITY ? '' : ` to ${most}`}`,
  };
}

export function oneOf(...values: readonly string[]): Rule {
  return {
    allows: (value) => values.includes(value as string),
    allowed: values.map((value) => `'${value}'`).join(' or '),
  };
}

/** An object whose known fields obey their rules and which has no others. */
export function shape(rules: Record<string, Rule>, required: readonly string[] = []): Rule {
  const allowed = `{ ${Object.entries(rules)
    .map(([name, rule]) => `${name}${required.includes(name) ? '' : '?'}: ${rule.allowed}`)
    .join(', ')} }`;
  return {
    allows: (value) =>
      isRecord(value) &&
      required.every((name) => value[name] !== undefined) &&
      Object.entries(value).every(
        ([name, field]) => field === undefined || rules[name]?.allows(field) === true,
      ),
    allowed,
  };
}

/** A `*` is a token, too, and would match nothing where every method is meant. */
const isMethod = (value: unknown): boolean => isToken(value) && !(value as string).includes('*');

export const urlPattern: Rule = {
  allows: (value) => typeof value === 'string' && value !== '',
  allowed: 'a URL pattern',
};

const matchRule = shape(
  {
    method: {
      allows: (value) => [value].flat().length > 0 && [value].flat().every(isMethod),
      allowed: 'an HTTP method or a list of them, each by its name',
    },
    url: urlPattern,
  },
  ['method', 'url'],
);

export const match: Rule = {
  allows: (value) =>
    typeof value === 'function' ||
    ([value].flat().length > 0 && [value].flat().every((rule) => matchRule.allows(rule))),
  allowed: `${matchRule.allowed}, a list of such, or a function`,
};

/** Checks every field of `value` by name; an unknown field is a problem too, since a typo would pass for a default. */
export function problemsOf(where: string, value: unknown, rules: Record<string, Rule>): Problem[] {
  if (!isRecord(value)) return [{ where, value, allowed: `an object with ${Object.keys(rules).join(', ')}` }];
  return Object.entries(value).flatMap(([name, field]): Problem[] => {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const place = `${where}, ${name}`;
    if (!rule)
      return [
        { where: place, value: field, allowed: `no such field; known are ${Object.keys(rules).join(', ')}` },
      ];
    return field === undefined || rule.allows(field)
      ? []
      : [{ where: place, value: field, allowed: rule.allowed }];
  });
}

/** @throws SluiceError `config-invalid` that names every problem; nothing where there is none */
export function throwProblems(problems: readonly Problem[]): void {
  if (!problems[0]) return;
  const lines = problems.map(
    ({ where, value, allowed }) => `${where} is ${show(value)}; allowed: ${allowed}.`,
  );
  throw new SluiceError('config-invalid', lines.join('\n'), { value: problems[0].value });
}

function show(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'missing');
}
