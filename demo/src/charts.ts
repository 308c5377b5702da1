import type { Connection } from './app.js';
import { Chart } from './chart.js';
import { element, plural } from './element.js';
import { paceOf } from './pace.js';
import { type Level, type Sample, Series } from './series.js';

/** Two charts, a second apart: what comes in against what goes out, and what waits between them. */
export function startCharts(sluice: Connection): void {
  const level = (): Level => ({ depth: sluice.snapshot().depth, limit: paceOf(sluice).limit });
  const series = new Series(Date.now(), level());
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
  sluice.on('accepted', ({ at }) => series.arrived(at));
  sluice.on('attempt', ({ at }) => series.dispatched(at));
  sluice.subscribe(() => series.stands(Date.now(), level()));
  const show = (): void => {
    const samples = series.samples(Date.now());
    const column = (name: keyof Sample): number[] => samples.map((sample) => sample[name]);
    rates.show(
      [column('at'), column('arrivals'), column('dispatches'), column('limit')],
      ratesSentence(samples, level()),
    );
    depth.show([column('at'), column('depth')], depthSentence(samples, sluice));
  };
  setInterval(show, 1000);
  show();
}

function ratesSentence(samples: readonly Sample[], { limit }: Level): string {
  const most = Math.max(...samples.map(({ arrivals }) => arrivals));
  const sent = Math.max(...samples.map(({ dispatches }) => dispatches));
  return `In the last minute up to ${most} a second came in, and up to ${sent} a second went out; the rate is ${limit}.`;
}

function depthSentence(samples: readonly Sample[], sluice: Connection): string {
  const { depth, queues } = sluice.snapshot();
  if (depth === 0) return 'Nothing waits.';
  const jobs = `${plural(depth, 'job')} to go`;
  if (queues.orders?.status.kind !== 'draining') return `${jobs}, kept until they can be sent.`;
  const perSecond = measuredRate(samples) || paceOf(sluice).limit;
  return `${jobs}: about ${plural(Math.ceil(depth / perSecond), 'second')} at this rate.`;
}

const MEASURED_SECONDS = 10;

/** Sends per second of late, which a slow service holds below the rate. The second of the first send is no whole one. */
function measuredRate(samples: readonly Sample[]): number {
  const recent = samples.slice(-MEASURED_SECONDS);
  const whole = recent.slice(recent.findIndex(({ dispatches }) => dispatches > 0) + 1);
  return whole.reduce((sum, { dispatches }) => sum + dispatches, 0) / Math.max(1, whole.length);
}
