import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { startOnDisplay } from '../../../scripts/display.mjs';
import type { Benchmark, Figure } from './benchmark.js';
import type { Lab } from './lab.js';
import { shareUsed } from './rate-kept.js';

/**
 * The pace of a page that nobody sees. A driver keeps all its pages visible, so that this browser is started by hand: with a
 * window, in which a blank tab stands before that of the app.
 */
export const hidden: Benchmark = {
  name: 'hidden',
  shows: 'the share of its rate that a hidden tab uses while there is a backlog, after ten seconds of it',
  isChromiumOnly: true,
  run: async (lab, { isSmoke }) => {
    const figures: Figure[] = [];
    if (spawnSync('Xvfb', ['-version']).error) {
      console.log('left out: there is no Xvfb here, and so no window for a tab to be hidden in');
      return figures;
    }
    for (const limit of isSmoke ? [50] : [1, 10, 50, 200]) {
      const share = await inHiddenTab(lab, limit, isSmoke ? 2 : Math.max(15, 20 / limit));
      figures.push({ name: `${limit} a second, hidden: share used`, value: share, unit: '' });
    }
    return figures;
  },
};

async function inHiddenTab(lab: Lab, limit: number, seconds: number): Promise<number> {
  const { origin, launch } = lab;
  const profile = mkdtempSync(join(tmpdir(), 'sluice-hidden-'));
  const orders = { rate: { limit, perMs: 1000 }, concurrency: 100 };
  const count = limit * (SETTLED_S + seconds);
  const url = `${lab.urlOf(orders)}&backlog=${count + limit}`;
  const args = [...(launch.args ?? []), `--user-data-dir=${profile}`, 'about:blank', url];
  origin.clear();
  const browser = (await startOnDisplay(launch.executablePath, args)) as { end(): Promise<void> };
  try {
    const sends = () => origin.arrivals.filter(({ url: to }) => to === '/api/orders');
    await origin.waitFor(() => sends().length >= count, 120_000);
    if (!origin.arrivals.some(({ url: to }) => to === '/api/visibility/hidden'))
      throw new Error('its tab was not hidden');
    return shareUsed(
      sends()
        .map(({ at }) => at)
        .slice(limit * SETTLED_S),
      limit,
    );
  } finally {
    await browser.end();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** A tab that has just been hidden is not throttled yet. */
const SETTLED_S = 10;
