import { isSluiceError, type Outcome, readTicket } from 'sluice';
import { connect } from 'sluice/client';
import type long from './config';
import type short from './short';

const sluice = await connect<typeof short>('/sluice.js');
const response = await fetch('/api/orders', { method: 'POST', body: '{}' });
const ticket = readTicket(response);
const outcome: Outcome | undefined = ticket === undefined ? undefined : await sluice.settled(ticket);
if (outcome?.kind === 'done') console.log(outcome.response.status);
await sluice.pause('orders').catch((error: unknown) => {
  if (isSluiceError(error)) console.log(error.code);
});
// @ts-expect-error a queue that the config does not name
await sluice.pause('order');
// @ts-expect-error the same in a list
await sluice.list({ queue: 'nope', state: 'dead' });

const other = await connect<typeof long>({
  serviceWorker: '/sw.js',
  worker: () => new Worker(new URL('./drainer.ts', import.meta.url), { type: 'module' }),
  name: 'long',
});
console.log(other.snapshot().queues.notes?.depth, (await other.counts()).notes?.waiting);
// @ts-expect-error without storage, and before the first policies are written, there are no queues
console.log(other.snapshot().queues.notes.depth);
// @ts-expect-error the same of counts
console.log((await other.counts()).notes.waiting);
// @ts-expect-error and of metrics
console.log((await other.metrics()).notes.oldestAgeMs);
