import { startOrigin } from '@sluice/origin';
import type { Locator } from '@playwright/test';
import { expect, test } from './fixtures.js';

test.skip(({ browserName }) => browserName === 'webkit', 'WebDriver has none of the locators of this test');

const DEMO = `${import.meta.dirname}/../demo/dist`;
const behaviour = {
  ratePerSecond: 10,
  queueLimit: 10,
  baseLatencyMs: 40,
  overload: { status: 503 as const, retryAfter: '1' },
};

/** As a user does: `fill` appends to what stands in a number field in Firefox. */
async function enter(field: Locator, text: string): Promise<void> {
  await field.press('ControlOrMeta+a');
  await field.pressSequentially(text);
  await expect(field).toHaveValue(text);
}

test('the demo levels a burst, keeps it while the service is down, and delivers all of it', async ({
  page,
}) => {
  const origin = await startOrigin({ staticDirs: [DEMO], control: true, behaviour });
  await page.goto(origin.url);
  await expect(page.locator('#mode')).not.toHaveText('Connecting');
  await enter(page.getByLabel('Burst of'), '20');
  await enter(page.getByLabel('Rate'), '10');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.getByLabel('down').check();
  await page.getByRole('button', { name: 'Send burst' }).click();
  const counter = (name: string) => page.locator('dl div', { hasText: name }).locator('dd');
  await expect(counter('Accepted')).toHaveText('20');
  await expect(page.getByText('The service is gone.')).toBeVisible({ timeout: 30_000 });
  await page.getByLabel('up', { exact: true }).check();
  await expect(counter('Delivered')).toHaveText('20', { timeout: 60_000 });
  await expect(counter('Waiting')).toHaveText('0');
  await expect(counter('Dead letters')).toHaveText('0');
  await origin.close();
});

test('the demo pauses, discards, and shows its numbers as a table', async ({ page }) => {
  const origin = await startOrigin({ staticDirs: [DEMO], control: true, behaviour });
  await page.goto(origin.url);
  await expect(page.locator('#mode')).not.toHaveText('Connecting');
  const pause = page.getByRole('button', { name: 'Pause queue' });
  await enter(page.getByLabel('Burst of'), '8');
  await pause.click();
  await expect(page.getByRole('button', { name: 'Resume queue' })).toBeVisible();
  await page.getByRole('button', { name: 'Send burst' }).click();
  await page.getByRole('button', { name: 'Discard job #8' }).press('Enter');
  await expect(page.getByRole('cell', { name: 'Discarded' })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Jobs' })).toBeFocused();
  const third = page.getByRole('button', { name: 'Discard job #3' });
  await third.focus();
  await page.evaluate(() => document.querySelector<HTMLFormElement>('#burst')?.requestSubmit());
  await expect(page.getByRole('row', { name: '#9' })).toBeVisible();
  await expect(third).toBeFocused();
  await page.getByText('Show data').first().click();
  await expect(page.getByRole('columnheader', { name: 'Sent to the service' })).toBeVisible();
  await origin.close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [320, 1440]) {
    test(`the demo fits a screen of ${width} px in ${colorScheme}`, async ({ browser, browserName }) => {
      test.skip(
        browserName === 'firefox' && colorScheme === 'dark',
        'the layout is the same in both, and Chromium shows it',
      );
      const origin = await startOrigin({ staticDirs: [DEMO], control: true, behaviour });
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      await page.goto(origin.url);
      await expect(page.locator('canvas')).toHaveCount(2);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      await context.close();
      await origin.close();
    });
  }
}
