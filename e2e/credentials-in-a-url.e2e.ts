import { countsOf, expect, test } from './fixtures.js';

test('a user and a password in the URL of an XHR are sent as a header, and stand in no list', async ({
  origin,
  open,
}) => {
  const page = await open();
  await page.evaluate(() => sluice.pause());
  const status = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', '/api/orders', true, 'user', 'c:a@nary');
        xhr.onloadend = () => resolve(xhr.status);
        xhr.send('x');
      }),
  );
  expect(status).toBe(202);
  const told = await page.evaluate(async () => {
    const list = await sluice.list({ queue: 'orders', state: 'waiting' });
    return JSON.stringify(list) + (await (await sluice.export()).text());
  });
  expect(told).not.toMatch(/nary/);
  await page.evaluate(() => sluice.resume());
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(origin.arrivals).toMatchObject([{ headers: { authorization: `Basic ${btoa('user:c:a@nary')}` } }]);
  await expect.poll(() => countsOf(page)).toMatchObject({ done: 1 });
});
