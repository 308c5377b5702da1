import { expect, test } from './fixtures.js';
import { startRaw } from './process/raw-browser.js';

test('a page that was prerendered and is shown much later is controlled, with no problem', async ({
  origin,
  browserName,
}, testInfo) => {
  test.skip(browserName !== 'chromium', 'it prerenders no pages');
  const browser = await startRaw('chromium', testInfo.outputPath('profile'), `${origin.url}/prerendered/`);
  await origin.waitFor(({ arrivals }) => arrivals.some(({ body }) => body !== ''));
  await browser.kill();
  const shown = JSON.parse(origin.arrivals.find(({ body }) => body !== '')?.body ?? '{}') as {
    hiddenMs: number;
  };
  expect(shown.hiddenMs, 'how long it was prerendered').toBeGreaterThan(10_000);
  expect(shown).toEqual({ hiddenMs: shown.hiddenMs, mode: 'service-worker', controlled: true });
});
