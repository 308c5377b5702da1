import type { QueueConfig } from 'sluice';
import { runSluice } from 'sluice/auto';

const { searchParams } = new URL(location.href);
const asked = JSON.parse(searchParams.get('orders') ?? '{}') as Partial<QueueConfig>;

/** Beside it so many alike, each with a path of its own. */
const copies = Array.from({ length: Number(searchParams.get('copies') ?? 0) }, (_, i) => [
  `orders-${i}`,
  { match: { method: 'POST', url: `/api/orders-${i}` }, ...asked },
]);

export default runSluice({
  queues: {
    ...(Object.fromEntries(copies) as Record<string, QueueConfig>),
    orders: { match: { method: 'POST', url: '/api/orders*' }, ...asked },
  },
});
