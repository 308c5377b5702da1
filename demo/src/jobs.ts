import type { JobView } from 'sluice';
import type { Connection } from './app.js';
import { element, fromNow, setText } from './element.js';
import { latestOf } from './latest.js';
import { placeOf, Row } from './row.js';

const SHOWN = 12;
/** How many of them have ended, while others have not. */
const SHOWN_ENDED = 3;
const DRAW_EVERY_MS = 500;

export function startJobs(sluice: Connection): void {
  const choose = chooser(sluice);
  const draw = drawer(sluice);
  let jobs: JobView[] = [];
  let isStale = true;
  const look = async (): Promise<void> => {
    isStale = false;
    jobs = await choose();
  };
  const refresh = async (): Promise<void> => {
    // Storage that fails now leaves the last picture.
    if (isStale) await look().catch(() => (isStale = true));
    draw(jobs);
    showNote(jobs.length, sluice);
  };
  const turn = async (): Promise<void> => {
    if (!document.hidden) await refresh();
    setTimeout(() => void turn(), DRAW_EVERY_MS);
  };
  sluice.subscribe(() => {
    isStale = true;
  });
  void turn();
}

/** The jobs that a person wants to see: what needs help first, then what moves, then what ended last. */
function chooser(sluice: Connection): () => Promise<JobView[]> {
  const list = (['dead', 'leased', 'waiting'] as const).map((state) => async () => {
    const { jobs } = await sluice.list({ queue: 'orders', state, limit: SHOWN });
    return jobs;
  });
  const latest = (['cancelled', 'done'] as const).map((state) => latestOf(sluice, state, SHOWN));
  const all = async (lists: (() => Promise<JobView[]>)[]): Promise<JobView[]> =>
    (await Promise.all(lists.map((read) => read()))).flat();
  return async () => {
    const alive = await all(list);
    const ended = (await all(latest)).toSorted((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    const first = alive.slice(0, SHOWN - Math.min(SHOWN_ENDED, ended.length));
    return [...first, ...ended.slice(first.length - SHOWN)];
  };
}

/** In the order of the queue: rows come and go, and none changes places with another. */
function drawer(sluice: Connection): (jobs: JobView[]) => void {
  const body = element('jobs');
  let rows = new Map<string, Row>();
  return (jobs) => {
    // A row that moved away under the pointer would take the press with it.
    if (body.querySelector('button:active')) return;
    const hadFocus = body.contains(document.activeElement);
    rows = new Map(
      jobs
        .toSorted((a, b) => placeOf(a) - placeOf(b))
        .map((job) => [job.ticket, rows.get(job.ticket) ?? new Row(job, sluice)]),
    );
    for (const job of jobs) rows.get(job.ticket)?.show(job);
    arrange(
      body,
      [...rows.values()].map((row) => row.element),
    );
    // The keyboard goes on from the list, not from the top of the page.
    if (hadFocus && !body.contains(document.activeElement))
      element('jobs-list').focus({ preventScroll: true });
  };
}

/** Without touching a row that stays. */
function arrange(body: HTMLElement, rows: HTMLElement[]): void {
  const gone = [...body.children].filter((child) => !rows.includes(child as HTMLElement));
  for (const child of gone) child.remove();
  for (const [i, row] of rows.entries()) {
    if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null);
  }
}

/** What counts down stands apart from what is announced. */
function showNote(shown: number, sluice: Connection): void {
  const [note, wait = ''] = noteOf(shown, sluice);
  setText(element('jobs-note'), note);
  setText(element('jobs-wait'), wait);
}

function noteOf(shown: number, sluice: Connection): [note: string, wait?: string] {
  const status = sluice.snapshot().queues.orders?.status;
  switch (status?.kind) {
    case 'paused':
      return ['The queue is paused: nothing is sent until you resume it.'];
    case 'frozen':
      return ['The service asked for quiet.', `It is tried again ${fromNow(status.until)}.`];
    case 'probing':
      return ['The service is gone.', `It is tried again ${fromNow(status.until)}, one job at a time.`];
    case undefined:
      return [''];
    default:
      return [shown === 0 ? 'No jobs yet. Send a burst.' : ''];
  }
}
