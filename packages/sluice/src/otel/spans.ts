import {
  type Context,
  diag,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { Sluice } from '../client/sluice.js';
import type { EventOf } from '../core/events.js';

/** Jobs whose producer span is remembered for links: a long outage must not grow without end. */
const REMEMBERED = 1000;

interface End {
  /** Epoch ms. */
  at: number;
  /** How an attempt ends, in one word of `sluice.outcome`; only the first is none to look at. */
  outcome: 'done' | 'nacked' | 'dead' | 'cancelled' | 'returned';
  detail?: string;
}

interface Attempt {
  span: Span;
  startAt: number;
}

export function traceJobs(sluice: Sluice, tracer: Tracer): () => void {
  const producers = new Map<string, SpanContext>();
  const attempts = new Map<string, Attempt>();

  const accepted = ({ queue, ticket, at }: EventOf<'accepted'>): void => {
    const span = tracer.startSpan(`send ${queue}`, {
      kind: SpanKind.PRODUCER,
      startTime: at,
      attributes: attributesOf(queue, ticket, 'send'),
    });
    producers.set(ticket, span.spanContext());
    const [oldest] = producers.keys();
    if (producers.size > REMEMBERED && oldest !== undefined) producers.delete(oldest);
    span.end(at);
  };

  const end = (ticket: string, { at, outcome, detail }: End): void => {
    if (outcome === 'done' || outcome === 'cancelled') producers.delete(ticket);
    const open = attempts.get(ticket);
    if (!open) return;
    attempts.delete(ticket);
    const { span } = open;
    span.setAttribute('sluice.outcome', outcome);
    if (outcome !== 'done')
      span.setStatus({ code: SpanStatusCode.ERROR, ...(detail ? { message: unquoted(detail) } : {}) });
    close(open, at);
  };

  const attempt = (event: EventOf<'attempt'>): void => {
    const { queue, ticket, attempt: number, at, traceparent } = event;
    // How the last one ended was said to nobody: words can be lost.
    end(ticket, { at, outcome: 'returned' });
    const producer = producers.get(ticket);
    const links: Link[] = producer ? [{ context: producer }] : [];
    const attributes = { ...attributesOf(queue, ticket, 'process'), 'sluice.attempt': number };
    const options = { kind: SpanKind.CONSUMER, startTime: at, links, attributes };
    const span = tracer.startSpan(`process ${queue}`, options, parentOf(traceparent));
    attempts.set(ticket, { span, startAt: at });
  };

  const stops = [
    sluice.on('accepted', timed(accepted)),
    sluice.on('attempt', timed(attempt)),
    sluice.on(
      'done',
      timed(({ ticket }, at) => end(ticket, { at, outcome: 'done' })),
    ),
    sluice.on(
      'nacked',
      timed(({ ticket, detail }, at) => end(ticket, { at, outcome: 'nacked', detail })),
    ),
    sluice.on(
      'returned',
      timed(({ ticket, detail }, at) => end(ticket, { at, outcome: 'returned', detail })),
    ),
    sluice.on(
      'dead',
      timed(({ ticket, detail }, at) => end(ticket, { at, outcome: 'dead', detail })),
    ),
    sluice.on(
      'cancelled',
      timed(({ ticket, reason }, at) => end(ticket, { at, outcome: 'cancelled', detail: reason })),
    ),
  ];
  const letGo = timed(close);
  return () => {
    for (const stop of stops) stop();
    // How they end is not known any more: no outcome, and so neither a good end nor a bad one.
    for (const open of attempts.values()) letGo(open);
  };
}

/** An error of users' code may quote a request or an answer, and a span leaves the device. */
function unquoted(detail: string): string {
  return detail.replace(/( threw|prepare failed).*$/s, '$1');
}

/** It may end before the instant that its send was charged for: called off. */
function close({ span, startAt }: Attempt, at: number): void {
  span.end(Math.max(startAt, at));
}

/** What a span processor throws costs its span, and not whoever else is told of the event. */
function timed<E>(hear: (event: E, at: number) => void): (event: E) => void {
  return (event) => {
    try {
      hear(event, Date.now());
    } catch (error) {
      diag.error('sluice: a span is lost', error);
    }
  };
}

/** OpenTelemetry semantic conventions, messaging spans. */
function attributesOf(queue: string, ticket: string, operation: 'send' | 'process'): Record<string, string> {
  return {
    'messaging.system': 'sluice',
    'messaging.destination.name': queue,
    'messaging.message.id': ticket,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation,
  };
}

/** W3C Trace Context, section 3.2: version, trace, parent, flags. */
function parentOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] =
    /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, context);
}
