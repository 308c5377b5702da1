import { connect } from 'sluice/client';

// No driver is attached, since Chromium prerenders nothing for one: the page goes its way, and tells the origin what it has seen.
if (location.search === '?next') await tell();
else prerenderNext();

/** Shown once it has been prerendered for longer than a script may take to come. */
function prerenderNext(): void {
  const rules = document.createElement('script');
  rules.type = 'speculationrules';
  rules.text = JSON.stringify({ prerender: [{ urls: ['?next'], eagerness: 'immediate' }] });
  document.head.append(rules);
  setTimeout(() => location.assign('?next'), 12_000);
}

async function tell(): Promise<void> {
  const sluice = await connect('/sluice.js');
  const [navigation] = performance.getEntriesByType('navigation') as unknown as { activationStart: number }[];
  const { mode, controlled, problem } = sluice.snapshot();
  const body = JSON.stringify({
    hiddenMs: navigation?.activationStart,
    mode,
    controlled,
    code: problem?.code,
  });
  await fetch('/api/reports/shown', { method: 'POST', body });
}
