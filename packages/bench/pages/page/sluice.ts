import { connect } from 'sluice/client';

const sluice = await connect(`/sluice.js${location.search}`);
performance.mark('connected');
const startBare = () => new Worker(new URL('../workers/bare.ts', import.meta.url), { type: 'module' });
const startBooks = () => new Worker(new URL('../workers/books.ts', import.meta.url), { type: 'module' });
Object.assign(globalThis, { sluice, startBare, startBooks });

// Nobody drives a page that is hidden: it fills its queue by itself, and tells whether it is.
const backlog = Number(new URL(location.href).searchParams.get('backlog'));
if (backlog > 0) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await fetch(`/api/visibility/${document.visibilityState}`, { method: 'POST' });
  const order = () => new Request('/api/orders', { method: 'POST', body: 'x' });
  await sluice.enqueue(Array.from({ length: backlog }, order));
}
