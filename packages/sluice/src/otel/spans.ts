import {
  type Context,
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

/** How an attempt ends, in one word of `sluice.outcome`; only the first is none to look at. */
type End = 'done' | 'nacked' | 'dead' | 'cancelled';

export function traceJobs(sluice: Sluice, tracer: Tracer): () => void {
  const producers = new Map<string, SpanContext>();
  const attempts = new Map<string, Span>();

  const accepted = ({ queue, ticket }: EventOf<'accepted'>): void => {
    const span = tracer.startSpan(`send ${queue}`, {
      kind: SpanKind.PRODUCER,
      attributes: attributesOf(queue, ticket, 'send'),
    });
    span.end();
    producers.set(ticket, span.spanContext());
    const [oldest] = producers.keys();
    if (producers.size > REMEMBERED && oldest !== undefined) producers.delete(oldest);
  };

  const attempt = async ({ queue, ticket, attempt: number }: EventOf<'attempt'>): Promise<void> => {
    const startTime = Date.now();
    const producer = producers.get(ticket);
    const links: Link[] = producer ? [{ context: producer }] : [];
    const view = await sluice.get(ticket).catch(() => undefined);
    const attributes = { ...attributesOf(queue, ticket, 'process'), 'sluice.attempt': number };
    const options = { kind: SpanKind.CONSUMER, startTime, links, attributes };
    attempts.get(ticket)?.end();
    attempts.set(ticket, tracer.startSpan(`process ${queue}`, options, parentOf(view?.traceparent)));
  };

  const end = (ticket: string, outcome: End, detail: string | undefined): void => {
    if (outcome === 'done' || outcome === 'cancelled') producers.delete(ticket);
    const span = attempts.get(ticket);
    if (!span) return;
    attempts.delete(ticket);
    span.setAttribute('sluice.outcome', outcome);
    if (outcome !== 'done')
      span.setStatus({ code: SpanStatusCode.ERROR, ...(detail ? { message: detail } : {}) });
    span.end();
  };

  // An attempt is read of first: what ends it has to wait for that.
  let last: Promise<void> = Promise.resolve();
  const after = (work: () => void | Promise<void>): void => {
    last = last.then(work);
  };
  const stops = [
    sluice.on('accepted', (event) => after(() => accepted(event))),
    sluice.on('attempt', (event) => after(() => attempt(event))),
    sluice.on('done', ({ ticket }) => after(() => end(ticket, 'done', undefined))),
    sluice.on('nacked', ({ ticket, detail }) => after(() => end(ticket, 'nacked', detail))),
    sluice.on('dead', ({ ticket, detail }) => after(() => end(ticket, 'dead', detail))),
    sluice.on('cancelled', ({ ticket, reason }) => after(() => end(ticket, 'cancelled', reason))),
  ];
  return () => {
    for (const stop of stops) stop();
    for (const span of attempts.values()) span.end();
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
