import type { Connection } from './app.js';
import { element, make } from './element.js';
import { readService } from './service.js';

const LABELS = {
  accepted: 'Accepted',
  waiting: 'Waiting',
  leased: 'In flight',
  done: 'Delivered',
  dead: 'Dead letters',
  cancelled: 'Discarded',
  duplicates: 'Sent twice',
} as const;

type Counter = keyof typeof LABELS;

/** Where every accepted job is: the first number is the sum of the next five. */
export function startCounters(sluice: Connection): void {
  const fields = new Map<Counter, HTMLElement>();
  for (const [name, label] of Object.entries(LABELS)) {
    const value = make('dd', '0', { 'data-zero': '' });
    const group = make('div', '', { 'data-counter': name });
    group.append(make('dt', label), value);
    element('counters').append(group);
    fields.set(name as Counter, value);
  }
  const show = (name: Counter, value: number): void => {
    const field = fields.get(name);
    if (!field) return;
    field.textContent = String(value);
    field.toggleAttribute('data-zero', value === 0);
  };
  const refresh = (): void => {
    const view = sluice.snapshot().queues.orders;
    if (!view) return;
    show('accepted', view.counts.accepted);
    for (const name of ['waiting', 'leased', 'done', 'dead', 'cancelled'] as const) show(name, view[name]);
  };
  // What only the service knows: how often one request reached it twice.
  const ask = (): void => void readService().then(({ duplicates }) => show('duplicates', duplicates));
  sluice.subscribe(refresh);
  sluice.on('done', ask);
  refresh();
  ask();
}
