import { countsOf, drained, expect, test } from './fixtures.js';

test('lives in the service worker of an app beside the listeners of its own', async ({ origin, open }) => {
  const page = await open({ path: '/long/' });
  const answers = await page.evaluate(async () => {
    const order = await fetch('/api/orders', { method: 'POST', body: 'x' });
    const note = await fetch('/api/notes/7', { method: 'DELETE' });
    const cached = await fetch('/cached');
    return [order.status, note.status, await cached.text()];
  });
  expect(answers).toEqual([202, 202, 'from the app']);
  await drained(page);
  const sent = origin.arrivals.filter(({ method }) => method !== 'GET');
  expect(sent.map(({ method, url }) => `${method} ${url}`).toSorted()).toEqual([
    'DELETE /api/notes/7',
    'POST /api/orders',
  ]);
  expect(await countsOf(page, 'notes')).toMatchObject({ done: 1 });
});

test('the service worker is told what becomes of the jobs', async ({ origin, open }) => {
  const page = await open({ path: '/long/' });
  const ticket = await page.evaluate(async () => {
    const order = await fetch('/api/orders', { method: 'POST', body: 'x' });
    return order.headers.get('Sluice-Ticket');
  });
  await origin.waitFor(({ arrivals }) => arrivals.some(({ url }) => url === `/api/told?ticket=${ticket}`));
});
