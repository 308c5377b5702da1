import { diag, SpanKind, SpanStatusCode } from '@opentelemetry/api';
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
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

afterEach(() => {
  diag.disable();
  vi.useRealTimers();
});

function page(): Sluice {
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
    counts: async () => ({ orders: row.counts }),
    metrics: async () => ({ orders: metricsOf(row, Date.now()) }),
  } as unknown as Sluice;
}

const tell = (event: SluiceEvent): void => listeners.get(event.type)?.(event);
const ticket = 'orders.1.n';
const queue = 'orders';
const T0 = 1_800_000_000_000;

function trace(...others: SpanProcessor[]): () => void {
  const spanProcessors = [...others, new SimpleSpanProcessor(spans)];
  return instrumentSluice(page(), { tracerProvider: new BasicTracerProvider({ spanProcessors }) });
}

function traced(events: readonly SluiceEvent[]) {
  const stop = trace();
  for (const event of events) tell(event);
  stop();
  return spans.getFinishedSpans();
}

test('an accepted job is a producer span, each attempt a consumer span that links to it', () => {
  const [sent, failed, done] = traced([
    { type: 'accepted', queue, ticket, at: T0 },
    { type: 'attempt', queue, ticket, attempt: 1, at: T0 },
    { type: 'nacked', queue, ticket, dueAt: 0, detail: 'answered 500' },
    { type: 'attempt', queue, ticket, attempt: 2, at: T0 },
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

test('an attempt is a child of the trace that its request belongs to', () => {
  const [child, orphan] = traced([
    { type: 'attempt', queue, ticket, attempt: 1, at: T0, traceparent: `00-${TRACE}-${SPAN}-01` },
    { type: 'done', queue, ticket, status: 200 },
    { type: 'attempt', queue, ticket, attempt: 1, at: T0, traceparent: 'nonsense' },
    { type: 'done', queue, ticket, status: 200 },
  ]);
  expect(child?.spanContext().traceId).toBe(TRACE);
  expect(child?.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
  expect(orphan?.parentSpanContext).toBeUndefined();
});

test('an attempt that is given back ends at once, as an error', () => {
  trace();
  tell({ type: 'attempt', queue, ticket, attempt: 1, at: T0 });
  tell({ type: 'returned', queue, ticket, detail: 'answered 429' });
  expect(spans.getFinishedSpans()).toMatchObject([
    {
      status: { code: SpanStatusCode.ERROR, message: 'answered 429' },
      attributes: { 'sluice.attempt': 1, 'sluice.outcome': 'returned' },
    },
  ]);
});

test('a span quotes nothing that a function of the app threw', () => {
  trace();
  const threw = [
    'prepare failed: Error: canary',
    'gave up after 8 attempts: split threw SyntaxError: "canary\\n"',
  ];
  for (const detail of threw) {
    tell({ type: 'attempt', queue, ticket, attempt: 1, at: T0 });
    tell({ type: 'dead', queue, ticket, reason: 'attempts', detail });
  }
  const messages = spans.getFinishedSpans().map(({ status }) => status.message);
  expect(messages).toEqual(['prepare failed', 'gave up after 8 attempts: split threw']);
});

test('an attempt whose end nobody tells is given back as the next begins', () => {
  const [lost, done] = traced([
    { type: 'attempt', queue, ticket, attempt: 1, at: T0 },
    { type: 'attempt', queue, ticket, attempt: 1, at: T0 },
    { type: 'done', queue, ticket, status: 200 },
  ]);
  expect(lost).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'sluice.outcome': 'returned' },
  });
  expect(done).toMatchObject({ attributes: { 'sluice.outcome': 'done' } });
});

test('an attempt that is open as the tracing stops has no outcome', () => {
  const [open] = traced([{ type: 'attempt', queue, ticket, attempt: 1, at: T0 }]);
  expect(open).toMatchObject({ ended: true, status: { code: SpanStatusCode.UNSET } });
  expect(open?.attributes).not.toHaveProperty('sluice.outcome');
});

test('spans begin at the instants of their events, however late those are heard, and end as their end is heard', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: T0 + 3000 });
  trace();
  tell({ type: 'accepted', queue, ticket, at: T0 });
  tell({ type: 'attempt', queue, ticket, attempt: 1, at: T0 + 1000 });
  tell({ type: 'done', queue, ticket, status: 200 });
  expect(spans.getFinishedSpans()).toMatchObject([
    { startTime: [1_800_000_000, 0], endTime: [1_800_000_000, 0] },
    { startTime: [1_800_000_001, 0], endTime: [1_800_000_003, 0] },
  ]);
});

test('an attempt that is called off ahead of its instant has taken no time', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: T0 });
  const warned = vi.fn<(message: string, ...args: unknown[]) => void>();
  diag.setLogger({ error: warned, warn: warned, info: vi.fn(), debug: vi.fn(), verbose: vi.fn() });
  const [span] = traced([
    { type: 'attempt', queue, ticket, attempt: 1, at: T0 + 1000 },
    { type: 'cancelled', queue, ticket, reason: 'user' },
  ]);
  expect(span).toMatchObject({ startTime: [1_800_000_001, 0], endTime: [1_800_000_001, 0] });
  expect(warned).not.toHaveBeenCalled();
});

test('a span processor that throws costs its span alone, and is told of', () => {
  const faults = ['onStart', 'onEnd'];
  const throwIf = (name: string): void => {
    if (faults[0] === name) throw new Error(String(faults.shift()));
  };
  const told = vi.fn<(message: string, ...args: unknown[]) => void>();
  diag.setLogger({ error: told, warn: told, info: vi.fn(), debug: vi.fn(), verbose: vi.fn() });
  trace({
    onStart: () => throwIf('onStart'),
    onEnd: () => throwIf('onEnd'),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  });
  for (const n of [1, 2, 3]) {
    tell({ type: 'attempt', queue, ticket: `orders.${n}.n`, attempt: 1, at: T0 });
    tell({ type: 'done', queue, ticket: `orders.${n}.n`, status: 200 });
  }
  expect(spans.getFinishedSpans()).toMatchObject([{ attributes: { 'messaging.message.id': 'orders.3.n' } }]);
  expect(told.mock.calls.map(([, error]) => (error as Error).message)).toEqual(['onStart', 'onEnd']);
});

test('queues are metered whenever the metrics are collected, and what can fall is no plain counter', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const stop = instrumentSluice(page(), { meterProvider });
  await reader.forceFlush();
  const told = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  const find = (name: string) => told.find(({ descriptor }) => descriptor.name === name);
  const valueOf = (name: string) => find(name)?.dataPoints[0]?.value;
  expect(valueOf('sluice.queue.depth')).toBe(3);
  expect(valueOf('sluice.queue.in_flight')).toBe(1);
  expect(valueOf('sluice.jobs.dead')).toBe(1);
  expect(valueOf('sluice.sends')).toBe(9);
  expect(valueOf('sluice.queue.oldest_age')).toBeGreaterThanOrEqual(5000);
  for (const name of ['sluice.jobs.dead', 'sluice.sends', 'sluice.frozen_time'])
    expect(find(name)).toMatchObject({ isMonotonic: false });
  expect(find('sluice.jobs.done')).toMatchObject({ isMonotonic: true });
  stop();
  await meterProvider.shutdown();
});
