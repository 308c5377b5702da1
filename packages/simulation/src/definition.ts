import type { Prepare, QueueConfig, SluiceDefinition } from '../../sluice/src/core/config.ts';
import { definitionFrom } from '../../sluice/src/core/define.ts';
import type { RequestFacts } from '../../sluice/src/core/match.ts';
import { BASE } from './contexts.ts';
import type { Scenario } from './scenario.ts';
import type { Timeline } from './timeline.ts';

/** The config of a scenario's app, and of a later version of it. */
export function definitionOf(
  scenario: Scenario,
  timeline: Timeline,
  change: Partial<QueueConfig> = {},
): SluiceDefinition {
  const { rate, ...unpaced } = QUEUE;
  const base = scenario.unpaced ? unpaced : { ...unpaced, rate };
  const { sharedRate, prepareMs } = scenario;
  const prepare: Prepare = async (request) => {
    await timeline.after(prepareMs ?? 0);
    return request;
  };
  const orders = { ...base, ...(prepareMs ? { prepare } : {}), ...scenario.queue, ...change };
  if (!sharedRate) return definitionFrom({ queues: { orders } });
  const others = { ...orders, match: ({ url }: RequestFacts) => url.includes('/others') };
  return definitionFrom({ queues: { others, orders }, limits: { [new URL(BASE).origin]: sharedRate } });
}

const QUEUE = {
  match: ({ method }: RequestFacts) => method === 'POST',
  rate: { limit: 4, perMs: 1000, burst: 2 },
  concurrency: 2,
  maxAttempts: 5,
} satisfies QueueConfig;
