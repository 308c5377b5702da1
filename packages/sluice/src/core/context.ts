import { SluiceError } from './errors.js';

/** The kinds of global scope that an entry may find itself in. */
export type Scope = 'service-worker' | 'worker' | 'window' | 'other';

/** Names the scope by its constructor, the one sign that all engines give and that no polyfill fakes. */
export function scopeOf(global: object): Scope {
  const name = Object.prototype.toString.call(global).slice(8, -1);
  if (name === 'ServiceWorkerGlobalScope') return 'service-worker';
  if (name === 'DedicatedWorkerGlobalScope') return 'worker';
  return name === 'Window' ? 'window' : 'other';
}

/** @throws SluiceError `wrong-context`, saying where the entry belongs */
export function requireScope(entry: string, wanted: Scope, global: object): void {
  const found = scopeOf(global);
  if (found === wanted) return;
  const sentence = `${entry} was called in a ${found} scope and belongs in a ${wanted} scope. ${ADVICE[wanted]}`;
  throw new SluiceError('wrong-context', sentence, { value: found });
}

const ADVICE: Record<Scope, string> = {
  'service-worker': 'Call it in the script that is registered as service worker, as its first call.',
  worker: 'Call it in the script of the worker that connect() starts.',
  window: 'Call it in a page.',
  other: '',
};
