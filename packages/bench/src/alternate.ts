import type { Figure } from './benchmark.js';
import { type Summary, summarise } from './stats.js';

/** What is compared: each by its name, and how one round of it is measured. */
export type Contenders<N extends string> = Record<N, () => Promise<number>>;

/** One round of each after the other, so that a machine that slows down does so for all of them. */
export async function alternate<N extends string>(
  rounds: number,
  contenders: Contenders<N>,
): Promise<Record<N, Summary>> {
  const names = Object.keys(contenders) as N[];
  const samples = new Map<N, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples.get(name)?.push(await contenders[name]());
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, summarise(values)])) as Record<
    N,
    Summary
  >;
}

/** A line for each, compared with the one named. */
export function figuresOf<N extends string>(
  what: string,
  summaries: Record<N, Summary>,
  { unit, ratioTo }: { unit: string; ratioTo: N },
): Figure[] {
  const base = summaries[ratioTo].median;
  return Object.entries<Summary>(summaries).map(([name, { median, min, max }]) => ({
    name: `${what}: ${name}`,
    value: median,
    unit,
    spread: { min, max },
    ratioTo: { name: ratioTo, ratio: median / base },
  }));
}
