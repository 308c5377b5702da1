import { rateOf } from './flow/state.js';
import { perSecond, percentiles, type QueueMetrics } from './metrics.js';
import { flowConfigOf } from './policy.js';
import { depthOf, type QueueRow } from './queue-row.js';

export function metricsOf(row: QueueRow, now: number): QueueMetrics {
  const { metrics, counts, flow, policy } = row;
  const { arrivals, dispatches, frozenMs, latency, oldest } = metrics;
  const allowed = rateOf(flow, flowConfigOf(policy), now);
  return {
    arrivalsPerSecond: perSecond(arrivals, now),
    dispatchesPerSecond: perSecond(dispatches, now),
    allowedPerSecond: Number.isFinite(allowed) ? allowed : null,
    oldestAgeMs: depthOf(row) > 0 && oldest.kind === 'known' ? Math.max(0, now - oldest.at) : null,
    sendAmplification: counts.accepted > 0 ? counts.sends / counts.accepted : null,
    // What lies ahead is counted in advance; but what a client that wakes holds back by itself never is.
    frozenMs: Math.max(0, frozenMs - Math.max(0, flow.gateUntil - now)),
    latencyMs: percentiles(latency),
  };
}
