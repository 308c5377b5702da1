import { readTicket } from 'sluice';
import { connect, type Sluice } from 'sluice/client';
import type { Plan, Reports } from '../reports.js';

// No driver is attached to this browser: what the page sees, it tells the origin by requests that no rule names.
const plan = JSON.parse(new URL(location.href).searchParams.get('plan') ?? '{}') as Plan;
const { life, orders, settings } = plan;
const sluice = await connect(`/sluice.js?settings=${encodeURIComponent(JSON.stringify(settings))}`);

sluice.on('done', ({ ticket }) => void report('done', { life, ticket }));
await report('connected', { life, controlled: sluice.controlled, wake: sluice.snapshot().wake.kind });
await emptied(sluice);
await report('emptied', { life, counts: sluice.snapshot().queues.orders?.counts });

let next = 0;
await Promise.all(Array.from({ length: 4 }, takeOrders));
if (orders > 0) await report('registered', { life, tags: await registeredTags() });

async function takeOrders(): Promise<void> {
  while (next < orders) {
    next += 1;
    const order = `${life}/${next}`;
    const response = await fetch('/api/orders', { method: 'POST', body: order });
    await report('receipt', { life, order, ticket: readTicket(response) });
  }
}

function emptied({ snapshot, subscribe }: Sluice): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (snapshot().depth === 0) resolve();
    };
    subscribe(look);
    look();
  });
}

/** Background Sync registers after the receipt, and tells nobody: its list is asked until it shows. */
async function registeredTags(): Promise<string[]> {
  const registration = (await navigator.serviceWorker.ready) as { sync?: { getTags(): Promise<string[]> } };
  let tags: string[] = [];
  while (registration.sync && tags.length === 0) tags = await registration.sync.getTags();
  return tags;
}

async function report<K extends keyof Reports>(kind: K, what: Reports[K]): Promise<void> {
  await fetch(`/api/reports/${kind}`, { method: 'POST', body: JSON.stringify(what) });
}
