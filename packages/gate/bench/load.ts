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

const WARM_UP_RUNS = 3000;
const RUNS = 2000;

/**
 * CPU time of this process for one run, its client included, in turns: other work on the machine changes it less than a rate. Prints the
 * median of each in microseconds, and how much more than the first that is.
 */
export async function cpuInTurns(
  title: string,
  contenders: Record<string, () => Promise<unknown>>,
  concurrency: number,
): Promise<void> {
  const all = new Map<string, number[]>();
  for (const run of Object.values(contenders)) await times(run, WARM_UP_RUNS, concurrency);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, run] of Object.entries(contenders)) {
      const before = process.cpuUsage();
      await times(run, RUNS, concurrency);
      const { user, system } = process.cpuUsage(before);
      all.set(name, [...(all.get(name) ?? []), (user + system) / RUNS]);
    }
  }
  const medians = [...all].map(([name, values]) => ({ name, cpuMicroseconds: Math.round(medianOf(values)) }));
  const first = medians[0]?.cpuMicroseconds ?? 0;
  console.log(title);
  console.table(medians.map((one) => ({ ...one, more: one.cpuMicroseconds - first })));
}

async function times(run: () => Promise<unknown>, count: number, concurrency: number): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

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
