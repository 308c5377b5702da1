import type { Behaviour } from './behaviour.js';

// What null stands for: JSON knows neither Infinity nor undefined.
const NULLS: { readonly [name: string]: number | undefined } = {
  ratePerSecond: Number.POSITIVE_INFINITY,
  queueLimit: Number.POSITIVE_INFINITY,
  window: undefined,
  fault: undefined,
  answer: undefined,
} satisfies Partial<Behaviour>;

/** A patch as it came out of JSON, unchecked, with every null read as what it stands for. */
export function fromJson(patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const read = ([name, value]: [string, unknown]): [string, unknown] =>
    value === null && Object.hasOwn(NULLS, name) ? [name, NULLS[name]] : [name, value];
  return Object.fromEntries(Object.entries(patch).map(read));
}

/** The behaviour for JSON; what is a function in it gets lost there. */
export function toJson(behaviour: Behaviour): object {
  const { window = null, fault = null, answer = null } = behaviour;
  return { ...behaviour, window, fault, answer };
}
