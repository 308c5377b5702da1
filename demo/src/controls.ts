import type { Connection } from './app.js';
import { element } from './element.js';
import { applyPace, paceOf } from './pace.js';
import { type Health, healthOf, readService, setHealth } from './service.js';

export function startControls(sluice: Connection): void {
  startBurst(sluice);
  startPace(sluice);
  startHealth();
  startPause(sluice);
  // Without storage there is no queue to control.
  const usable = sluice.mode === 'off' ? '.primary:disabled' : 'button:disabled';
  // Before that a form would submit itself, and load the page anew.
  for (const button of document.querySelectorAll<HTMLButtonElement>(usable)) button.disabled = false;
}

/** Plain fetches, as any app sends them: nothing here knows of a queue. */
function startBurst(sluice: Connection): void {
  const form = element<HTMLFormElement>('burst');
  let orders = 0;
  const send = (): Promise<Response> => {
    orders += 1;
    const init = { method: 'POST', body: JSON.stringify({ order: orders, at: Date.now() }) };
    return sluice.controlled ? fetch('/api/orders', init) : sluice.fetch('/api/orders', init);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const count = numberOf(form, 'count');
    void Promise.allSettled(Array.from({ length: count }, send));
  });
}

function startPace(sluice: Connection): void {
  const form = element<HTMLFormElement>('pace');
  for (const [name, value] of Object.entries(paceOf(sluice))) inputOf(form, name).value = String(value);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void applyPace(sluice, { limit: numberOf(form, 'limit'), concurrency: numberOf(form, 'concurrency') });
  });
}

function startHealth(): void {
  const radios = [...element('service').querySelectorAll('input')];
  const show = (health: Health): void => {
    for (const radio of radios) radio.checked = radio.value === health;
  };
  for (const radio of radios) radio.addEventListener('change', () => void setHealth(radio.value as Health));
  void readService().then((state) => show(healthOf(state)));
}

function startPause(sluice: Connection): void {
  const button = element<HTMLButtonElement>('pause');
  const isPaused = (): boolean => sluice.snapshot().queues.orders?.status.kind === 'paused';
  const show = (): void => {
    button.textContent = isPaused() ? 'Resume queue' : 'Pause queue';
    button.classList.toggle('primary', isPaused());
  };
  button.addEventListener(
    'click',
    () => void (isPaused() ? sluice.resume('orders') : sluice.pause('orders')),
  );
  sluice.subscribe(show);
  show();
}

function numberOf(form: HTMLFormElement, name: string): number {
  return inputOf(form, name).valueAsNumber;
}

function inputOf(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}
