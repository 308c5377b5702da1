import {
  flag,
  label,
  oneOf,
  type Problem,
  problemsOf,
  type Rule,
  throwProblems,
  wholeFrom,
} from '../core/validate.js';

const LARGEST_PAGE = 1000;

const text: Rule = { allows: (value) => typeof value === 'string', allowed: 'a string' };
const user: Rule = {
  allows: (value) => value === null || typeof value === 'string',
  allowed: 'the name of a user, or null',
};
const any: Rule = { allows: () => true, allowed: 'anything' };

/** One argument: a value, or an object of which some fields have to be there. */
interface Argument {
  rule?: Rule;
  fields?: Record<string, Rule>;
  required?: readonly string[];
  /** Exactly one of its fields is to be there. */
  isOneOf?: boolean;
  isOptional?: boolean;
}

const ticket: Argument = { rule: { ...text, allowed: 'a ticket, as a receipt has it' } };
const anyQueue: Argument = { rule: label, isOptional: true };

const ARGUMENTS: Record<string, readonly Argument[]> = {
  get: [ticket],
  settled: [ticket],
  cancel: [ticket],
  hold: [ticket],
  release: [ticket],
  redrive: [ticket],
  edit: [ticket, { fields: { url: any, headers: any, body: any } }],
  pause: [anyQueue],
  resume: [anyQueue],
  nudge: [anyQueue],
  setPolicy: [{ rule: label }],
  identify: [{ rule: any }, { fields: { adopt: flag }, isOptional: true }],
  clear: [{ fields: { queue: label, identity: user }, isOneOf: true }],
  forget: [{ fields: { queue: label, identity: user }, isOneOf: true }],
  list: [
    {
      fields: {
        queue: label,
        state: oneOf('waiting', 'leased', 'done', 'dead', 'cancelled'),
        after: text,
        limit: wholeFrom(1, LARGEST_PAGE),
      },
      required: ['queue', 'state'],
    },
  ],
};

/** For callers without types. @throws SluiceError `config-invalid` that names the call, the value and what is allowed */
export function checkArguments(call: string, args: readonly unknown[]): void {
  const asked = ARGUMENTS[call] ?? [];
  throwProblems(asked.flatMap((argument, i) => problemsIn(call, argument, args[i])));
}

function problemsIn(call: string, argument: Argument, value: unknown): Problem[] {
  const { rule, fields = {}, required = [], isOptional, isOneOf } = argument;
  if (value === undefined && isOptional) return [];
  if (rule) return rule.allows(value) ? [] : [{ where: call, value, allowed: rule.allowed }];
  const problems = problemsOf(call, value, fields);
  if (problems.length > 0) return problems;
  const given = value as Record<string, unknown>;
  const names = Object.keys(fields);
  if (isOneOf && names.filter((name) => given[name] !== undefined).length !== 1)
    return [{ where: call, value, allowed: `one of ${names.join(', ')}` }];
  return required
    .filter((name) => given[name] === undefined)
    .map((name) => ({ where: `${call}, ${name}`, value: undefined, allowed: fields[name]?.allowed ?? '' }));
}
