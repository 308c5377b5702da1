import { expose } from 'comlink';
import type { SluiceConfig, SluiceDefinition } from '../core/config.js';
import { requireScope } from '../core/context.js';
import { definitionFrom } from '../core/define.js';
import { createRuntime } from '../drain/runtime.js';
import { createHost } from '../drain/host.js';
import { Drainer } from './drainer.js';

/**
 * Makes this worker drain the queue while its page is open, taking turns with the workers of other tabs.
 *
 * @throws SluiceError `config-invalid`, `wrong-context`
 */
export function startDrainer<const Q extends string>(config: SluiceConfig<Q> | SluiceDefinition<Q>): void {
  requireScope('startDrainer()', 'worker', globalThis);
  const runtime = createRuntime(definitionFrom(config));
  const drainer = new Drainer(runtime);
  expose(createHost(runtime, drainer), globalThis);
  drainer.start();
}
