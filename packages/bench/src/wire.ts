import type { Benchmark } from './benchmark.js';

/** What a queued request carries more than one that was fetched. */
export const wire: Benchmark = {
  name: 'wire',
  shows: 'bytes of the header fields that reach the service, as HTTP/1.1 writes them',
  run: async (lab) => {
    const page = await lab.open({});
    await page.evaluate(async () => {
      await (await fetch('/api/plain', { method: 'POST', body: 'x' })).arrayBuffer();
      const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
      if (response.status !== 202) throw new Error(`answered ${response.status}`);
    });
    const { origin } = lab;
    await origin.waitFor(({ arrivals }) => arrivals.length >= 2);
    const [plain, queued] = origin.arrivals.map(({ headers }) =>
      Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0),
    );
    return [
      { name: 'fetched', value: plain ?? Number.NaN, unit: 'bytes' },
      { name: 'queued', value: queued ?? Number.NaN, unit: 'bytes' },
    ];
  },
};
