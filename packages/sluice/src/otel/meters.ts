import type { Attributes, BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import type { Sluice } from '../client/sluice.js';
import type { QueueMetrics } from '../core/metrics.js';
import type { Counts } from '../core/queue-row.js';

interface Instrument {
  kind: keyof typeof CREATE;
  unit: string;
  read: (queue: { counts: Counts; metrics: QueueMetrics }) => number | null;
}

const CREATE = {
  gauge: 'createObservableGauge',
  counter: 'createObservableCounter',
  upDown: 'createObservableUpDownCounter',
} as const;

/**
 * OpenTelemetry takes the fall of a counter for a reset. So what can fall goes up and down: a redrive takes back a dead
 * letter, a refund a send that never left, and while a client holds back by itself it shows less of the time frozen.
 */
const INSTRUMENTS: Record<string, Instrument> = {
  'sluice.queue.depth': {
    kind: 'gauge',
    unit: '{job}',
    read: ({ counts }) => counts.waiting + counts.leased,
  },
  'sluice.queue.in_flight': { kind: 'gauge', unit: '{job}', read: ({ counts }) => counts.leased },
  'sluice.queue.oldest_age': { kind: 'gauge', unit: 'ms', read: ({ metrics }) => metrics.oldestAgeMs },
  'sluice.queue.allowed_rate': {
    kind: 'gauge',
    unit: '{send}/s',
    read: ({ metrics }) => metrics.allowedPerSecond,
  },
  'sluice.jobs.accepted': { kind: 'counter', unit: '{job}', read: ({ counts }) => counts.accepted },
  'sluice.jobs.done': { kind: 'counter', unit: '{job}', read: ({ counts }) => counts.done },
  'sluice.jobs.dead': { kind: 'upDown', unit: '{job}', read: ({ counts }) => sum(counts.dead) },
  'sluice.jobs.cancelled': { kind: 'counter', unit: '{job}', read: ({ counts }) => sum(counts.cancelled) },
  'sluice.jobs.refused': { kind: 'counter', unit: '{job}', read: ({ counts }) => counts.refused },
  'sluice.sends': { kind: 'upDown', unit: '{send}', read: ({ counts }) => counts.sends },
  'sluice.frozen_time': { kind: 'upDown', unit: 'ms', read: ({ metrics }) => metrics.frozenMs },
};

/** One look at the store for all instruments, whenever the metrics are collected. */
export function meterQueues(sluice: Sluice, meter: Meter): () => void {
  const instruments = Object.entries(INSTRUMENTS).map(
    ([name, { kind, unit, read }]): [Observable, Instrument['read']] => [
      meter[CREATE[kind]](name, { unit }),
      read,
    ],
  );
  const observe: BatchObservableCallback = async (result) => {
    const [counts, metrics] = await Promise.all([sluice.counts(), sluice.metrics()]);
    for (const [queue, one] of Object.entries(counts)) {
      const told = metrics[queue];
      if (!one || !told) continue;
      const attributes: Attributes = { 'messaging.system': 'sluice', 'messaging.destination.name': queue };
      for (const [instrument, read] of instruments) {
        const value = read({ counts: one, metrics: told });
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
