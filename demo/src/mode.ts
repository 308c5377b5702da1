import type { Connection } from './app.js';
import { element, setText } from './element.js';

/** Says in plain words what this page can do, and what it cannot. */
export function showMode(sluice: Connection): void {
  const show = (): void => setText(element('mode'), sentenceOf(sluice));
  sluice.subscribe(show);
  show();
}

function sentenceOf(sluice: Connection): string {
  const { mode, controlled, wake, problem, lost } = sluice.snapshot();
  if (lost > 0) return `${lost} stored requests have vanished: site data was cleared.`;
  if (problem) return problem.message;
  if (mode === 'off') return 'This browser keeps no storage for us: requests go straight to the network.';
  if (mode === 'page-only')
    return 'No service worker here: this page queues what it sends through Sluice itself.';
  if (!controlled) return 'Hard-reloaded: plain requests pass by until the next normal reload.';
  return wake.kind === 'ready'
    ? 'Requests are kept on this device and sent at the pace below, also when this page is closed.'
    : 'Requests are kept on this device and sent while a page of this site is open.';
}
