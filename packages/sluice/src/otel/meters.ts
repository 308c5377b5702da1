import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import type { Sluice } from '../client/sluice.js';
import type { QueueMetrics } from '../core/metrics.js';
import type { Counts } from '../core/queue-row.js';

/** What is read of a queue, by the name of its instrument. */
type Reading = (queue: { counts: Counts; metrics: QueueMetrics }) => number | null;

const GAUGES: Record<string, Reading> = {
  'sluice.queue.depth': ({ counts }) => counts.waiting + counts.leased,
  'sluice.queue.in_flight': ({ counts }) => counts.leased,
  'sluice.queue.oldest_age': ({ metrics }) => metrics.oldestAgeMs,
  'sluice.queue.allowed_rate': ({ metrics }) => metrics.allowedPerSecond,
};

const COUNTERS: Record<string, Reading> = {
  'sluice.jobs.accepted': ({ counts }) => counts.accepted,
  'sluice.jobs.done': ({ counts }) => counts.done,
  'sluice.jobs.dead': ({ counts }) => sum(counts.dead),
  'sluice.jobs.cancelled': ({ counts }) => sum(counts.cancelled),
  'sluice.jobs.refused': ({ counts }) => counts.refused,
  'sluice.sends': ({ counts }) => counts.sends,
  'sluice.frozen_time': ({ metrics }) => metrics.frozenMs,
};

const UNITS: Record<string, string> = {
  'sluice.queue.oldest_age': 'ms',
  'sluice.queue.allowed_rate': '{send}/s',
  'sluice.frozen_time': 'ms',
};

/** One look at the store for all instruments, whenever the metrics are collected. */
export function meterQueues(sluice: Sluice, meter: Meter): () => void {
  const unitOf = (name: string) => ({ unit: UNITS[name] ?? '{job}' });
  const instruments: [Observable, Reading][] = [
    ...Object.entries(GAUGES).map(([name, read]): [Observable, Reading] => [
      meter.createObservableGauge(name, unitOf(name)),
      read,
    ]),
    ...Object.entries(COUNTERS).map(([name, read]): [Observable, Reading] => [
      meter.createObservableCounter(name, unitOf(name)),
      read,
    ]),
  ];
  const observe: BatchObservableCallback = async (result) => {
    const [counts, metrics] = await Promise.all([sluice.counts(), sluice.metrics()]);
    for (const [queue, one] of Object.entries(counts)) {
      const told = metrics[queue];
      const attributes: Attributes = { 'messaging.system': 'sluice', 'messaging.destination.name': queue };
      for (const [instrument, read] of told ? instruments : []) {
        const value = told && read({ counts: one, metrics: told });
        if (typeof value === 'number') result.observe(instrument, value, attributes);
      }
    }
  };
  const observables = instruments.map(([instrument]) => instrument);
  meter.addBatchObservableCallback(observe, observables);
  return () => meter.removeBatchObservableCallback(observe, observables);
}

function sum(byReason: Partial<Record<string, number>>): number {
  return Object.values(byReason).reduce<number>((total, n) => total + (n ?? 0), 0);
}
