import type { JobView } from 'sluice';
import type { Connection } from './app.js';
import { element, make, plural } from './element.js';

const SHOWN = 12;
const LIST_EVERY_MS = 500;

/** The jobs that a person wants to see: what needs help first, then what moves, then what has ended. */
export function startJobs(sluice: Connection): void {
  let isStale = true;
  const list = async (): Promise<void> => {
    if (!isStale || document.hidden) return;
    isStale = false;
    const pages = await Promise.all(
      ORDER.map((state) => sluice.list({ queue: 'orders', state, limit: SHOWN })),
    );
    const jobs = pages.flatMap(({ jobs: some }) => some).slice(0, SHOWN);
    element('jobs').replaceChildren(...jobs.map((job) => rowOf(job, sluice)));
    element('jobs-note').textContent = noteOf(jobs.length, sluice);
  };
  sluice.subscribe(() => {
    isStale = true;
  });
  setInterval(() => void list(), LIST_EVERY_MS);
  void list();
}

const ORDER: JobView['state'][] = ['dead', 'leased', 'waiting', 'cancelled', 'done'];

const WORDS: Record<JobView['state'], string> = {
  waiting: 'Waiting',
  leased: 'In flight',
  done: 'Delivered',
  dead: 'Dead letter',
  cancelled: 'Discarded',
};

function rowOf(job: JobView, sluice: Connection): HTMLTableRowElement {
  const row = make('tr', '', { 'data-state': job.state });
  const state = make('td');
  state.append(make('span', WORDS[job.state], { class: 'state' }), make('small', storyOf(job)));
  const actions = make('td', '', { class: 'actions' });
  const name = nameOf(job);
  if (job.state === 'dead') actions.append(button('Retry', name, () => sluice.redrive(job.ticket)));
  if (job.state === 'waiting' || job.state === 'leased') {
    actions.append(button('Discard', name, () => sluice.cancel(job.ticket)));
  }
  row.append(make('th', name, { scope: 'row' }), state, actions);
  return row;
}

/** The job may have moved on since the row was drawn: the next drawing tells. */
function button(label: string, name: string, act: () => Promise<unknown>): HTMLButtonElement {
  const made = make('button', label, { type: 'button', 'aria-label': `${label} job ${name}` });
  made.addEventListener('click', () => void act().catch(() => undefined));
  return made;
}

function nameOf({ ticket }: JobView): string {
  return `#${ticket.split('.')[1]}`;
}

function storyOf({ state, attempts = 0, dueAt, detail, answer }: JobView): string {
  if (state === 'done') return `answered ${answer?.status}`;
  if (state === 'dead') return detail ?? '';
  if (state === 'cancelled') return 'not sent';
  const tries = attempts === 0 ? '' : `tried ${plural(attempts, 'time')}`;
  const wait = dueAt === undefined ? '' : `again in ${Math.max(0, Math.ceil((dueAt - Date.now()) / 1000))} s`;
  return [tries, wait].filter(Boolean).join(', ');
}

function noteOf(shown: number, sluice: Connection): string {
  const view = sluice.snapshot().queues.orders;
  if (!view || shown === 0) return 'No jobs yet. Send a burst.';
  const { status } = view;
  if (status.kind === 'frozen') return `The service asked for quiet for ${secondsTo(status.until)}.`;
  if (status.kind === 'probing')
    return `The service is gone. It is tried again in ${secondsTo(status.until)}, one job at a time.`;
  return '';
}

function secondsTo(at: number): string {
  return `${Math.max(0, Math.ceil((at - Date.now()) / 1000))} s`;
}
