import { beforeEach, describe, expect, test } from 'vitest';
import { metricsOf } from '../core/queue-metrics.js';
import { cancelJob } from './job-commands.js';
import { redriveJob } from './redrive.js';
import type { Database } from './rows.js';
import { answered, StoreBench, T0 } from './store.kit.js';

/** What a queue tells of itself. */
export function testMetrics(name: string, open: () => Database): void {
  let bench: StoreBench;
  beforeEach(() => {
    bench = new StoreBench(open());
  });
  const metrics = async (now: number) => metricsOf(await bench.row(), now);

  describe(`${name}: metrics`, () => {
    test('tell arrivals, dispatches, amplification and latency', async () => {
      for (let i = 0; i < 20; i++) await bench.ticket({}, {}, T0 + i * 100);
      const first = await bench.turn(T0 + 2000);
      await bench.settle(T0 + 2000, first.claims, answered(500), { maxClaims: 0 });
      await bench.serve(1, T0 + 4000);
      expect(await metrics(T0 + 4000)).toMatchObject({
        arrivalsPerSecond: 2,
        dispatchesPerSecond: 0.2,
        allowedPerSecond: null,
        sendAmplification: 0.1,
      });
      const { latencyMs } = await metrics(T0 + 4000);
      expect(latencyMs?.p50).toBeGreaterThan(3600);
      expect(latencyMs?.p50).toBeLessThan(4400);
    });

    test('tell the age of the oldest job that has not ended, past dead letters and out of order', async () => {
      bench.policy = { ...bench.policy, concurrency: 30 };
      const tickets: string[] = [];
      for (let i = 0; i < 25; i++) tickets.push(await bench.ticket({}, {}, T0 + i));
      expect(await metrics(T0 + 1000)).toMatchObject({ oldestAgeMs: 1000 });
      const { claims } = await bench.turn(T0 + 1000, { maxClaims: 24 });
      await bench.settle(T0 + 1000, claims, answered(422), { maxClaims: 0 });
      await bench.turn(T0 + 1000, { maxClaims: 0 });
      expect(await metrics(T0 + 1000)).toMatchObject({ oldestAgeMs: 976 });
      await bench.command(redriveJob(tickets[3] ?? ''), T0 + 1000);
      expect(await metrics(T0 + 1000)).toMatchObject({ oldestAgeMs: 997 });
      await bench.command(cancelJob(tickets[3] ?? ''), T0 + 1000);
      await bench.command(cancelJob(tickets[24] ?? ''), T0 + 1000);
      expect(await metrics(T0 + 1000)).toMatchObject({ oldestAgeMs: null });
    });

    test('tell how long the service has held the queue, what lies ahead not counted', async () => {
      await bench.ticket();
      await bench.settle(T0, (await bench.turn(T0)).claims, answered(429, { notBeforeMs: 10_000 }));
      expect(await metrics(T0 + 5000)).toMatchObject({ frozenMs: 5000 });
      expect(await metrics(T0 + 60_000)).toMatchObject({ frozenMs: 12_500 });
    });
  });
}
