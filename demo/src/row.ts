import type { JobView } from 'sluice';
import type { Connection } from './app.js';
import { fromNow, make, plural, setText } from './element.js';

/** The row of a job, which changes in place: what is focused or being pressed stays as long as it has a meaning. */
export class Row {
  readonly element = make('tr');
  readonly #sluice: Connection;
  readonly #state = make('span', '', { class: 'state' });
  readonly #story = make('small');
  readonly #actions = make('td', '', { class: 'actions' });

  constructor(job: JobView, sluice: Connection) {
    this.#sluice = sluice;
    const state = make('td');
    state.append(this.#state, this.#story);
    this.element.append(make('th', nameOf(job), { scope: 'row' }), state, this.#actions);
  }

  show(job: JobView): void {
    this.element.dataset.state = job.state;
    setText(this.#state, WORDS[job.state]);
    setText(this.#story, storyOf(job));
    const label = ACTIONS[job.state];
    // Another action has a button of its own, so that a key held down on "Retry" does not go on to "Discard".
    if (label !== this.#actions.textContent) this.#actions.replaceChildren(...this.#buttons(job, label));
  }

  #buttons(job: JobView, label: Action): HTMLButtonElement[] {
    if (label === '') return [];
    const made = make('button', label, { type: 'button', 'aria-label': `${label} job ${nameOf(job)}` });
    const act = (): Promise<unknown> =>
      label === 'Retry' ? this.#sluice.redrive(job.ticket) : this.#sluice.cancel(job.ticket);
    // The job may have moved on since the row was drawn: the next drawing tells.
    made.addEventListener('click', () => void act().catch(() => undefined));
    return [made];
  }
}

/** The place of a job in its queue, which it keeps. */
export function placeOf({ ticket }: JobView): number {
  return Number(ticket.split('.')[1]);
}

const WORDS: Record<JobView['state'], string> = {
  waiting: 'Waiting',
  leased: 'In flight',
  done: 'Delivered',
  dead: 'Dead letter',
  cancelled: 'Discarded',
};

type Action = 'Discard' | 'Retry' | '';

const ACTIONS: Record<JobView['state'], Action> = {
  waiting: 'Discard',
  leased: 'Discard',
  done: '',
  dead: 'Retry',
  cancelled: '',
};

function nameOf(job: JobView): string {
  return `#${placeOf(job)}`;
}

function storyOf({ state, attempts = 0, dueAt, detail, answer }: JobView): string {
  if (state === 'done') return `answered ${answer?.status}`;
  if (state === 'dead') return detail ?? '';
  const tries = attempts === 0 ? '' : `tried ${plural(attempts, 'time')}`;
  const wait = dueAt === undefined ? '' : `again ${fromNow(dueAt)}`;
  return [tries, wait].filter(Boolean).join(', ');
}
