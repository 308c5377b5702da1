import type { QueueConfig } from 'sluice';
import { runSluice } from 'sluice/auto';

const asked = new URL(location.href).searchParams.get('orders') ?? '{}';

export default runSluice({
  queues: {
    orders: {
      match: { method: 'POST', url: '/api/orders*' },
      ...(JSON.parse(asked) as Partial<QueueConfig>),
    },
  },
});
