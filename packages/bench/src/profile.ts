import type { Browser, Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';

const BURST = 64;
const CATEGORIES = ['__metadata', 'toplevel', 'disabled-by-default-v8.cpu_profiler'];

/** Where the time of an intercepted request goes, from a trace of Chromium: how long each thread is busy with it. */
export const profile: Benchmark = {
  name: 'profile',
  isChromiumOnly: true,
  shows: `what each thread does for one of ${BURST} intercepted requests at a time`,
  run: async (lab, { isSmoke }) => {
    const bursts = isSmoke ? 1 : 8;
    const pages = {
      'the floor': await lab.openPeer('floor'),
      sluice: await lab.open({ rate: { limit: 1, perMs: 1000 }, maxJobs: 1_000_000 }),
    };
    const figures: Figure[] = [];
    for (const [name, page] of Object.entries(pages)) figures.push(...(await traced(name, page, bursts)));
    return figures;
  },
};

async function traced(name: string, page: Page, bursts: number): Promise<Figure[]> {
  await page.bringToFront();
  await submit(page, bursts);
  const browser = page.context().browser() as Browser;
  await browser.startTracing(undefined, { categories: CATEGORIES });
  await submit(page, bursts);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    traceEvents: TraceEvent[];
  };
  const busy = busyMsOf(traceEvents);
  const most = [...busy].toSorted((a, b) => b[1] - a[1]).slice(0, 5);
  return most.map(([thread, ms]) => ({
    name: `${name}: ${thread}`,
    value: (1000 * ms) / (bursts * BURST),
    unit: 'µs',
  }));
}

function submit(page: Page, bursts: number): Promise<void> {
  return page.evaluate(
    async ({ bursts, burst }) => {
      const post = async () => {
        const response = await fetch('/api/orders', { method: 'POST', body: 'x'.repeat(200) });
        if (response.status !== 202) throw new Error(`answered ${response.status}`);
      };
      for (let i = 0; i < bursts; i++) await Promise.all(Array.from({ length: burst }, post));
    },
    { bursts, burst: BURST },
  );
}

/** As Chromium writes it: an instant and a duration in microseconds. */
interface TraceEvent {
  pid: number;
  tid: number;
  ph: string;
  name: string;
  dur?: number;
  args: { name?: string };
}

/** Threads of one name count as one: which of a pool did the work says nothing. */
function busyMsOf(events: readonly TraceEvent[]): Map<string, number> {
  const named = (kind: string, keyOf: (event: TraceEvent) => string): Map<string, string> =>
    new Map(
      events.filter(({ name }) => name === kind).map((event) => [keyOf(event), event.args.name ?? '?']),
    );
  const threads = named('thread_name', ({ pid, tid }) => `${pid}/${tid}`);
  const processes = named('process_name', ({ pid }) => String(pid));
  const busy = new Map<string, number>();
  for (const { ph, name, pid, tid, dur = 0 } of events) {
    if (ph !== 'X' || !name.endsWith('RunTask')) continue;
    const thread = `${processes.get(String(pid))}, ${threads.get(`${pid}/${tid}`)}`;
    busy.set(thread, (busy.get(thread) ?? 0) + dur / 1000);
  }
  return busy;
}
