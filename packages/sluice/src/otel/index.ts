import { metrics, trace, type MeterProvider, type TracerProvider } from '@opentelemetry/api';
import type { Sluice } from '../client/sluice.js';
import { meterQueues } from './meters.js';
import { traceJobs } from './spans.js';

export interface InstrumentOptions {
  /** Default: the global one. */
  tracerProvider?: TracerProvider;
  /** Default: the global one. */
  meterProvider?: MeterProvider;
}

/**
 * Maps the life of jobs to spans and the state of queues to metrics, by the real OpenTelemetry API and the semantic
 * conventions for messaging: a producer span when a job is accepted, a consumer span for each attempt, linked to it, and a
 * child of the trace that the request named in `traceparent`. No header, no body and no URL is in any of them, nor what a function
 * of the app threw.
 *
 * For one tab: every tab hears of every job, and what two of them tell is counted twice. Answers a function that stops it.
 */
export function instrumentSluice(sluice: Sluice, options: InstrumentOptions = {}): () => void {
  const { tracerProvider = trace, meterProvider = metrics } = options;
  const stopTracing = traceJobs(sluice, tracerProvider.getTracer('sluice'));
  const stopMetering = meterQueues(sluice, meterProvider.getMeter('sluice'));
  return () => {
    stopTracing();
    stopMetering();
  };
}
