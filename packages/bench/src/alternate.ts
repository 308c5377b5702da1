import type { Figure } from './benchmark.js';
import { type Summary, summarise } from './stats.js';

/** What is compared: each by its name, and how one round of it is measured. */
export type Contenders<N extends string> = Record<N, () => Promise<number>>;

/** One round of each after the other, so that a machine that slows down does so for all of them. */
export async function alternate<N extends string>(
  rounds: number,
  contenders: Contenders<N>,
): Promise<Record<N, Summary>> {
  const entries = Object.entries<() => Promise<number>>(contenders);
  const alone = entries.map(([name, measure]) => [name, async () => ({ alone: await measure() })] as const);
  const all = await alternateAll(rounds, Object.fromEntries(alone));
  return Object.fromEntries(entries.map(([name]) => [name, all[name]?.alone])) as Record<N, Summary>;
}

/** The same where one round of each gives several values, by their names. */
export async function alternateAll<N extends string, V extends string>(
  rounds: number,
  contenders: Record<N, () => Promise<Record<V, number>>>,
): Promise<Record<N, Record<V, Summary>>> {
  const names = Object.keys(contenders) as N[];
  const samples = new Map<N, Record<V, number>[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples.get(name)?.push(await contenders[name]());
  }
  return Object.fromEntries([...samples].map(([name, taken]) => [name, summariesOf(taken)])) as Record<
    N,
    Record<V, Summary>
  >;
}

function summariesOf<V extends string>(taken: readonly Record<V, number>[]): Record<V, Summary> {
  const values = Object.keys(taken[0] ?? {}) as V[];
  return Object.fromEntries(
    values.map((value) => [value, summarise(taken.map((one) => one[value]))]),
  ) as Record<V, Summary>;
}

/** A line for each, compared with the one named. */
export function figuresOf<N extends string>(
  what: string,
  summaries: Record<N, Summary>,
  { unit, ratioTo }: { unit: string; ratioTo: N },
): Figure[] {
  const base = summaries[ratioTo].median;
  return Object.entries<Summary>(summaries).map(([name, summary]) => ({
    ...figureOf(`${what}: ${name}`, summary, unit),
    ratioTo: { name: ratioTo, ratio: summary.median / base },
  }));
}

export function figureOf(name: string, { median, min, max }: Summary, unit: string): Figure {
  return { name, value: median, unit, spread: { min, max } };
}
