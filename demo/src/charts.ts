import type { Connection } from './app.js';
import { Chart } from './chart.js';
import { element, plural } from './element.js';
import { readPace } from './pace.js';
import { type Sample, Series } from './series.js';

/** Two charts, a second apart: what comes in against what goes out, and what waits between them. */
export function startCharts(sluice: Connection): void {
  const series = new Series(Date.now());
  const rates = new Chart(element('rates'), {
    title: 'Requests per second',
    lines: [
      { label: 'Accepted from the page', color: '--in', fill: true },
      { label: 'Sent to the service', color: '--out' },
      { label: 'Rate', color: '--muted', dash: [4, 4] },
    ],
  });
  const depth = new Chart(element('depth'), {
    title: 'Waiting and in flight',
    lines: [{ label: 'Jobs', color: '--out', fill: true }],
  });
  sluice.on('accepted', () => series.arrived());
  sluice.on('attempt', () => series.dispatched());
  const show = (): void => {
    const { samples } = series;
    const { limit } = readPace();
    const column = (name: keyof Sample): number[] => samples.map((sample) => sample[name]);
    rates.show(
      [column('at'), column('arrivals'), column('dispatches'), samples.map(() => limit)],
      ratesSentence(samples, limit),
    );
    depth.show([column('at'), column('depth')], depthSentence(sluice, limit));
  };
  setInterval(() => {
    series.tick(Date.now(), sluice.snapshot().depth);
    show();
  }, 1000);
  show();
}

function ratesSentence(samples: readonly Sample[], limit: number): string {
  const most = Math.max(...samples.map(({ arrivals }) => arrivals));
  const sent = Math.max(...samples.map(({ dispatches }) => dispatches));
  return `In the last minute up to ${most} a second came in, and up to ${sent} a second went out; the rate is ${limit}.`;
}

function depthSentence(sluice: Connection, limit: number): string {
  const { depth, queues } = sluice.snapshot();
  if (depth === 0) return 'Nothing waits.';
  const jobs = `${plural(depth, 'job')} to go`;
  if (queues.orders?.status.kind !== 'draining') return `${jobs}, kept until they can be sent.`;
  return `${jobs}: about ${plural(Math.ceil(depth / limit), 'second')} at this rate.`;
}
