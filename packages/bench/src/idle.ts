import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark } from './benchmark.js';
import type { Lab } from './lab.js';

/** An engine that has nothing to do does nothing: no timer, no look. */
export const idle: Benchmark = {
  name: 'idle',
  isChromiumOnly: true,
  shows: 'what an open page costs while nothing happens, in CPU time of the whole browser per second',
  run: async (lab, { isSmoke }) => {
    const blank = await lab.openPeer('none');
    const ours = await lab.open({ rate: { limit: 5, perMs: 1000 } });
    await ours.evaluate(async () => {
      const { ticket } = (await sluice.enqueue([new Request('/api/orders', { method: 'POST' })]))[0] ?? {};
      await sluice.settled(ticket as string);
    });
    const ms = isSmoke ? 500 : 10_000;
    const contenders = {
      'a blank page': () => cpu(lab, blank, ms),
      'sluice, drained': () => cpu(lab, ours, ms),
    };
    await alternate(1, contenders);
    const summaries = await alternate(isSmoke ? 1 : 5, contenders);
    return figuresOf('idle', summaries, { unit: 'ms/s', ratioTo: 'a blank page' });
  },
};

async function cpu({ profile }: Lab, page: Page, ms: number): Promise<number> {
  await page.bringToFront();
  await page.waitForTimeout(500);
  const before = cpuMsOf(profile);
  await page.waitForTimeout(ms);
  return ((cpuMsOf(profile) - before) * 1000) / ms;
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
