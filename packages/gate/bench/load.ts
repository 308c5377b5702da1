/** Runs in a second, `concurrency` at a time. */
export async function rateOf(
  run: () => Promise<unknown>,
  { concurrency, ms }: { concurrency: number; ms: number },
): Promise<number> {
  const startedAt = performance.now();
  let done = 0;
  const work = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      await run();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return (done * 1000) / (performance.now() - startedAt);
}

const ROUNDS = 5;
const ROUND_MS = 1000;

/** Contenders take turns, so that each meets the same machine. Prints the median of each, and its ratio to the first. */
export async function inTurns(
  title: string,
  contenders: Record<string, () => Promise<unknown>>,
  concurrency: number,
): Promise<void> {
  const rates = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(contenders))
      rates.get(name)?.push(await rateOf(run, { concurrency, ms: ROUND_MS }));
  }
  const medians = [...rates].map(([name, all]) => ({ name, perSecond: Math.round(medianOf(all)) }));
  const first = medians[0]?.perSecond ?? 1;
  console.log(title);
  console.table(medians.map((one) => ({ ...one, ratio: Number((one.perSecond / first).toFixed(2)) })));
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
