import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { beforeEach, expect, test } from 'vitest';
import type { Sluice } from '../client/sluice.js';
import type { SluiceEvent } from '../core/events.js';
import { NO_METRICS } from '../core/metrics.js';
import { DEFAULT_POLICY } from '../core/policy.js';
import { newQueueRow } from '../core/queue-row.js';
import { metricsOf } from '../core/queue-metrics.js';
import { instrumentSluice } from './index.js';

// The page object is stood in for: its events come by BroadcastChannel, which Node has not between threads of one page.
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
let listeners: Map<string, (event: SluiceEvent) => void>;
let spans: InMemorySpanExporter;

beforeEach(() => {
  listeners = new Map();
  spans = new InMemorySpanExporter();
});

function page(traceparent?: string): Sluice {
  const row = newQueueRow('orders', DEFAULT_POLICY, 1);
  row.counts = {
    ...row.counts,
    accepted: 7,
    waiting: 2,
    leased: 1,
    done: 3,
    dead: { rejected: 1 },
    sends: 9,
  };
  row.live = { 1: 3 };
  row.metrics = { ...NO_METRICS, oldest: { kind: 'known', seq: 1, at: Date.now() - 5000 } };
  return {
    on: (type: string, callback: (event: SluiceEvent) => void) => {
      listeners.set(type, callback);
      return () => listeners.delete(type);
    },
    get: async (ticket: string) => ({
      ticket,
      queue: 'orders',
      state: 'leased',
      method: 'POST',
      url: 'https://x.test/secret',
      ...(traceparent ? { traceparent } : {}),
    }),
    counts: async () => ({ orders: row.counts }),
    metrics: async () => ({ orders: metricsOf(row, Date.now()) }),
  } as unknown as Sluice;
}

const tell = (event: SluiceEvent): void => listeners.get(event.type)?.(event);
const ticket = 'orders.1.n';
const queue = 'orders';

async function traced(traceparent: string | undefined, events: readonly SluiceEvent[]) {
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const stop = instrumentSluice(page(traceparent), { tracerProvider });
  for (const event of events) tell(event);
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  return spans.getFinishedSpans();
}

test('an accepted job is a producer span, each attempt a consumer span that links to it', async () => {
  const [sent, failed, done] = await traced(undefined, [
    { type: 'accepted', queue, ticket },
    { type: 'attempt', queue, ticket, attempt: 1 },
    { type: 'nacked', queue, ticket, dueAt: 0, detail: 'answered 500' },
    { type: 'attempt', queue, ticket, attempt: 2 },
    { type: 'done', queue, ticket, status: 201 },
  ]);
  expect(sent).toMatchObject({ name: 'send orders', kind: SpanKind.PRODUCER });
  expect(failed).toMatchObject({
    name: 'process orders',
    kind: SpanKind.CONSUMER,
    status: { code: SpanStatusCode.ERROR, message: 'answered 500' },
    attributes: { 'sluice.attempt': 1, 'sluice.outcome': 'nacked', 'messaging.message.id': ticket },
  });
  expect(done).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'sluice.outcome': 'done' },
  });
  for (const span of [failed, done]) expect(span?.links[0]?.context).toEqual(sent?.spanContext());
});

test('an attempt is a child of the trace that its request belongs to', async () => {
  const events: SluiceEvent[] = [
    { type: 'attempt', queue, ticket, attempt: 1 },
    { type: 'done', queue, ticket, status: 200 },
  ];
  const [span] = await traced(`00-${TRACE}-${SPAN}-01`, events);
  expect(span?.spanContext().traceId).toBe(TRACE);
  expect(span?.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
  spans.reset();
  const [orphan] = await traced('nonsense', events);
  expect(orphan?.parentSpanContext).toBeUndefined();
});

test('no URL, header or body is in any span', async () => {
  const finished = await traced(undefined, [
    { type: 'accepted', queue, ticket },
    { type: 'attempt', queue, ticket, attempt: 1 },
    { type: 'dead', queue, ticket, reason: 'rejected', detail: 'answered 422' },
  ]);
  expect(finished).toHaveLength(2);
  expect(
    JSON.stringify(finished.map(({ name, attributes, status }) => ({ name, attributes, status }))),
  ).not.toMatch(/secret/);
});

test('queues are metered whenever the metrics are collected', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const stop = instrumentSluice(page(), { meterProvider });
  await reader.forceFlush();
  const told = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  const valueOf = (name: string) =>
    told.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
  expect(valueOf('sluice.queue.depth')).toBe(3);
  expect(valueOf('sluice.queue.in_flight')).toBe(1);
  expect(valueOf('sluice.jobs.dead')).toBe(1);
  expect(valueOf('sluice.sends')).toBe(9);
  expect(valueOf('sluice.queue.oldest_age')).toBeGreaterThanOrEqual(5000);
  stop();
  await meterProvider.shutdown();
});
