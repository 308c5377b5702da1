import { createHash, createHmac } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { createGate } from './gate.js';
import type { Gate, GateOptions } from './api.js';
import type { QueueConfig } from '../core/config.js';
import { memory } from '../store/memory.js';
import type { Platform } from './platform.js';
import type { Service } from './queue-gate.js';

/** A clock and timers that a test moves. */
export interface FakePlatform extends Platform {
  /** Runs what is due until `ms` later, in its order, with all that follows from it. */
  advance(ms: number): Promise<void>;
}

const START = 1_800_000_000_000;

export function fakePlatform(): FakePlatform {
  let now = START;
  let ids = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    now: () => now,
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    newId: () => `id-${(ids += 1)}`,
    random: () => 0.5,
    digest: async (data) => createHash('sha256').update(data).digest('hex'),
    mac: async (secret, text) => createHmac('sha256', secret).update(text).digest('hex'),
    advance: async (ms) => {
      const until = now + ms;
      await settled();
      for (let next = firstOf(timers, until); next; next = firstOf(timers, until)) {
        timers.delete(next);
        now = Math.max(now, next.at);
        next.run();
        await settled();
      }
      now = until;
    },
  };
}

function firstOf<T extends { at: number }>(timers: ReadonlySet<T>, until: number): T | undefined {
  const due = [...timers].filter(({ at }) => at <= until);
  return due.sort((a, b) => a.at - b.at)[0];
}

/** Until nothing is left to do but to wait: streams and promises take a few turns. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A gate in memory on a clock of the test, and the record of what reached its service. */
export interface Bench {
  gate: Gate<undefined, 'orders'>;
  platform: FakePlatform;
  /** Bodies in the order in which they reached the service, with the ms since the start. */
  sent: { at: number; body: string }[];
  /** Sends a request; its answer is there once the clock has come so far. */
  ask(options?: AskOptions): Promise<Response>;
}

export interface AskOptions {
  key?: string;
  body?: string;
  user?: string;
  headers?: Record<string, string>;
  service?: Service;
  signal?: AbortSignal;
}

export async function benchWith(
  queue: Partial<QueueConfig> = {},
  options: Partial<GateOptions<undefined, 'orders'>> & { service?: Service } = {},
): Promise<Bench> {
  const platform = fakePlatform();
  const sent: Bench['sent'] = [];
  const { service: given, ...rest } = options;
  const service: Service = async (request) => {
    const body = await request.clone().text();
    sent.push({ at: platform.now() - START, body });
    return given ? given(request) : new Response(`done: ${body}`, { status: 201 });
  };
  const gate = await createGate({
    store: memory({ now: platform.now }),
    secret: 'a secret of the tests, 32 characters',
    identity: (request) => request.headers.get('x-user') ?? '',
    queues: { orders: { match: { url: '/api/orders' }, ...queue } },
    deliver: service,
    platform,
    ...rest,
  });
  onTestFinished(() => void gate.close());
  return {
    gate,
    platform,
    sent,
    ask: (asked = {}) => gate.handle(requestOf(asked), asked.service ?? service),
  };
}

function requestOf({ key, body = 'an order', user, headers, signal }: AskOptions): Request {
  const all = {
    ...(key !== undefined && { 'idempotency-key': key }),
    ...(user !== undefined && { 'x-user': user }),
    ...headers,
  };
  return new Request('http://service.test/api/orders', {
    method: 'POST',
    body,
    headers: all,
    signal: signal ?? null,
  });
}
