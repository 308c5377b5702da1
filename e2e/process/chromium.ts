import type { BrowserContext, Page } from '@playwright/test';

/** Background Sync tries again after 3 s instead of 5 min: the retry is Chromium's, the wait would be ours. */
export function fastSync(attempts: number): string[] {
  const params = `initial_retry_delay_sec/3/retry_delay_factor/1/max_sync_attempts/${attempts}/min_recovery_time_sec/1`;
  return [
    '--force-fieldtrials=BackgroundSync/Test',
    `--force-fieldtrial-params=BackgroundSync.Test:${params}`,
  ];
}

/** What Chromium logs of Background Sync: `Registered sync`, `Dispatched sync event`, `Sync completed` and the like. */
export interface SyncLog {
  readonly names: readonly string[];
  /** Resolves once `count` entries of that name are there. */
  seen(name: string, count?: number): Promise<void>;
}

export async function logSyncs(context: BrowserContext, page: Page): Promise<SyncLog> {
  const cdp = await context.newCDPSession(page);
  const names: string[] = [];
  const looks = new Set<() => void>();
  cdp.on('BackgroundService.backgroundServiceEventReceived', ({ backgroundServiceEvent }) => {
    names.push(backgroundServiceEvent.eventName);
    for (const look of looks) look();
  });
  await cdp.send('BackgroundService.startObserving', { service: 'backgroundSync' });
  await cdp.send('BackgroundService.setRecording', { service: 'backgroundSync', shouldRecord: true });
  return {
    names,
    seen: (name, count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (names.filter((other) => other === name).length < count) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        look();
      }),
  };
}

/**
 * Kills the service worker in mid-event, and resolves once it is dead. Closing its target does it: the stop command lets a
 * busy one run on. The target itself outlives it while a driver is attached, so only its version tells.
 */
export async function killServiceWorker(context: BrowserContext, page: Page): Promise<void> {
  const cdp = await context.newCDPSession(page);
  const stopped = new Promise<void>((resolve) => {
    cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      if (versions.some(({ runningStatus }) => runningStatus === 'stopped')) resolve();
    });
  });
  await cdp.send('ServiceWorker.enable');
  const { targetInfos } = await cdp.send('Target.getTargets');
  const target = targetInfos.find(({ type }) => type === 'service_worker');
  if (!target) throw new Error('no service worker runs');
  await cdp.send('Target.closeTarget', { targetId: target.targetId });
  await stopped;
  await cdp.detach();
}

/** The process that draws a page and runs its workers. Only a trace names it. */
export async function processOf(context: BrowserContext, page: Page): Promise<number> {
  const cdp = await context.newCDPSession(page);
  const entries: { name?: string; args?: { data?: { frames?: { processId?: number }[] } } }[] = [];
  cdp.on('Tracing.dataCollected', ({ value }) => entries.push(...value));
  const complete = new Promise((resolve) => cdp.once('Tracing.tracingComplete', resolve));
  await cdp.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline'] },
  });
  await cdp.send('Tracing.end');
  await complete;
  await cdp.detach();
  const pid = entries.find(({ name }) => name === 'TracingStartedInBrowser')?.args?.data?.frames?.[0]
    ?.processId;
  if (pid === undefined) throw new Error('the trace does not name the process of the page');
  return pid;
}
