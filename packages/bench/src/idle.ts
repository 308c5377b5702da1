import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Lab } from './lab.js';
import { stopServiceWorkers } from './start-up.js';

/** An engine that has nothing to do does nothing: no timer, no look. */
export const idle: Benchmark = {
  name: 'idle',
  isChromiumOnly: true,
  shows: 'what an open page costs while nothing happens, in CPU time of the whole browser per second',
  run: async (lab, { isSmoke }) => {
    const times = isSmoke ? { settleMs: 500, ms: 500 } : { settleMs: 3000, ms: 10_000 };
    const contenders = {
      'a blank page': () => cpu(lab, openBlank(lab), times),
      'sluice, drained': () => cpu(lab, openDrained(lab), times),
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 5, contenders);
    return figuresOf('idle', summaries, { unit: 'ms/s', ratioTo: 'a blank page' });
  },
};

/** The one before was ours: its service worker outlives its page. */
async function openBlank(lab: Lab): Promise<Page> {
  const page = await lab.openPeer('none');
  await stopServiceWorkers(page);
  return page;
}

async function openDrained(lab: Lab): Promise<Page> {
  const page = await lab.open({ rate: { limit: 5, perMs: 1000 } });
  await page.evaluate(async () => {
    const { ticket } = await sluice.enqueue(new Request('/api/orders', { method: 'POST' }));
    await sluice.settled(ticket);
  });
  return page;
}

/** Of the browser with this page alone, which has settled. */
async function cpu(
  { profile }: Lab,
  opening: Promise<Page>,
  { settleMs, ms }: { settleMs: number; ms: number },
): Promise<number> {
  const page = await opening;
  await page.waitForTimeout(settleMs);
  const before = cpuMsOf(profile);
  await page.waitForTimeout(ms);
  const spentMs = cpuMsOf(profile) - before;
  await page.close();
  return (spentMs * 1000) / ms;
}

/** Linux counts in ticks of 10 ms. */
const TICK_MS = 10;

/** The browser of a profile, and all that it has started. */
function cpuMsOf(profile: string): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => statOf(pid));
  const [browser] = processes.filter(({ command }) => command.includes(`--user-data-dir=${profile}`));
  const family = new Set([browser?.pid]);
  for (let grown = -1; grown !== family.size; ) {
    grown = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return processes.filter(({ pid }) => family.has(pid)).reduce((sum, { ticks }) => sum + ticks * TICK_MS, 0);
}

/** None for a process that has ended meanwhile. */
function statOf(pid: string): { pid: number; parent: number; ticks: number; command: string }[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return [
      { pid: Number(pid), parent: fields[1] ?? 0, ticks: (fields[11] ?? 0) + (fields[12] ?? 0), command },
    ];
  } catch {
    return [];
  }
}
