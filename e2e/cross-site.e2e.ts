import { countsOf, expect, type Origin, type Page, test } from './fixtures.js';

/** Submits a real form of the page to our service. Returns once its answer is shown: Chromium hangs if a context closes before that. */
async function submit(page: Page, origin: Origin, policy: 'no-referrer' | 'unsafe-url' | ''): Promise<void> {
  const action = `${origin.url}/api/orders`;
  await page.evaluate(
    ({ action, policy }) => {
      document.body.innerHTML = `<form method="post" action="${action}"><input name="amount" value="1000"></form>`;
      document.head.innerHTML = `<meta name="referrer" content="${policy}">`;
      // Once this has been answered: the page is left then.
      setTimeout(() => document.forms[0]?.submit());
    },
    { action, policy },
  );
  await page.waitForFunction((action) => location.href === action, action);
}

interface Case {
  policy?: 'no-referrer' | 'unsafe-url';
  breakStorage?: boolean;
  queue?: { maxJobs?: number; whenFull?: 'network' };
}

const CASES: [string, Case][] = [
  ['another site', {}],
  ['another site that drops its referrer', { policy: 'no-referrer' }],
  ['another site that tells all of its address', { policy: 'unsafe-url' }],
  ['another site, while the queue is full,', { queue: { maxJobs: 1, whenFull: 'network' } }],
  ['another site, while storage is broken,', { breakStorage: true }],
];

for (const [which, { policy = '', breakStorage = false, queue = {} }] of CASES) {
  test(`a form of ${which} goes as the browser sends it`, async ({ origin, open, context }) => {
    const navigations = { redirectTo: '/short/?sent=yes' };
    const page = await open({ settings: { breakStorage, queues: { orders: { ...queue, navigations } } } });
    await page.evaluate(() => void (document.cookie = 'session=s3cret; SameSite=Strict; path=/'));
    const held = queue.maxJobs ?? 0;
    if (held > 0)
      await page.evaluate(() =>
        sluice.enqueue(new Request('/api/orders', { method: 'POST' }), { held: true }),
      );
    const stranger = await context.newPage();
    await stranger.goto(`http://localhost:${origin.port}/nested/sluice.js`);
    await submit(stranger, origin, policy);
    await origin.waitFor(({ arrivals }) => (arrivals[0]?.body ?? '') !== '');
    const [arrival] = origin.arrivals;
    expect(arrival).toMatchObject({ body: 'amount=1000', idempotencyKey: undefined });
    // The defences of a service against forged requests.
    expect(arrival?.headers.origin).not.toBe(origin.url);
    expect(arrival?.headers).toMatchObject({ 'sec-fetch-site': 'cross-site' });
    expect(arrival?.headers).not.toHaveProperty('cookie');
    if (!breakStorage) expect(await countsOf(page)).toMatchObject({ accepted: held });
  });
}

test('a form of a page of ours that drops its referrer is not queued', async ({ origin, open }) => {
  const navigations = { redirectTo: '/short/?sent=yes' };
  const page = await open({ settings: { queues: { orders: { navigations } } } });
  await submit(page, origin, 'no-referrer');
  await origin.waitFor(({ arrivals }) => (arrivals[0]?.body ?? '') !== '');
  expect(origin.arrivals).toMatchObject([{ body: 'amount=1000', idempotencyKey: undefined }]);
});
