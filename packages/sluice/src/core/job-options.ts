import type { Ticket } from './job.js';
import { PRIORITIES } from './line.js';
import {
  age,
  epoch,
  flag,
  key,
  type Problem,
  problemsOf,
  type Rule,
  throwProblems,
  wholeFrom,
} from './validate.js';

/** What may be asked for one job. Each overrides what the function of its queue of the same name says. */
export interface JobOptions {
  /** Jobs of one key are sent one after the other, in the order in which they were accepted. */
  orderingKey?: string;
  /** Keys take turns. */
  fairnessKey?: string;
  /** Jobs of one key are the same thing. */
  dedupeKey?: string;
  /** -9 to 9, default 0: a higher one is served first. */
  priority?: number;
  /** What its send takes of the rate, default 1. */
  cost?: number;
  /** Epoch ms: not sent before. Its time to live begins then. */
  notBefore?: number;
  /** Age at which it is dead, in place of the queue's. */
  ttlMs?: number;
  /** Stored, and sent only once it is released. */
  held?: boolean;
  /** Sent once that job is done, rewritten with its answer by the queue's `rewrite`. */
  after?: Ticket;
}

const RULES: Record<keyof JobOptions, Rule> = {
  orderingKey: key,
  fairnessKey: key,
  dedupeKey: key,
  priority: wholeFrom(PRIORITIES.lowest, PRIORITIES.highest),
  cost: wholeFrom(1, 2 ** 31),
  notBefore: epoch,
  ttlMs: age,
  held: flag,
  after: key,
};

/** @throws SluiceError `config-invalid`, naming the option, its value and what is allowed */
export function checkOptions(where: string, options: JobOptions): void {
  throwProblems(problemsIn(where, options));
}

function problemsIn(where: string, options: JobOptions): Problem[] {
  const problems = problemsOf(where, options, RULES);
  if (problems.length > 0 || !options.held || options.after === undefined) return problems;
  return [{ where: `${where}, held`, value: true, allowed: 'false, where `after` is given' }];
}
