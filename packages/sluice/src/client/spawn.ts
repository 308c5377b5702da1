import { isSluiceError, sentenceOf } from '../core/errors.js';
import { fault } from './advice.js';
import { serviceWorkers } from './container.js';
import { type Line, openLine } from './line.js';
import type { Starting } from './worker-link.js';
import { pageClock } from './world.js';

/** A script may take so long to come. */
const START_MS = 10_000;

/** @throws SluiceError `worker-failed`, `no-answer`, `config-invalid` */
export function startWorker(
  spawn: () => Worker,
  name: string,
  { left, ended, signal }: Starting,
): Promise<Line> {
  return new Promise<Line>((resolve, reject) => {
    const worker = spawn();
    worker.addEventListener('error', ({ message }) => {
      // The error of a wrong config, as the script threw it. Of a service worker the browser gives no message.
      const sentence = /config-invalid: ([^]*)\./.exec(message)?.[1];
      reject(sentence ? fault('config-invalid', sentence) : message || 'its script did not load');
    });
    const end = (): void => {
      worker.terminate();
      ended();
    };
    signal.addEventListener('abort', end, { once: true });
    const isControlled = Boolean(serviceWorkers()?.controller);
    openLine(worker, { name, clock: pageClock, end, ms: START_MS, left, isControlled }).then(resolve, reject);
  }).catch((cause: unknown) => {
    throw isSluiceError(cause) ? cause : fault('worker-failed', sentenceOf(cause), undefined, cause);
  });
}
