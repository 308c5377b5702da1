import type { SluiceConfig, SluiceDefinition } from '../core/config.js';
import { requireScope } from '../core/context.js';
import { definitionFrom } from '../core/define.js';
import { createRuntime } from '../drain/runtime.js';
import { browserWorld } from '../drain/world.js';
import { exposeHost } from '../host/expose.js';
import { createHost } from '../host/host.js';
import { unlessLeft } from '../transport/unless-left.js';
import { Drainer } from './drainer.js';

/**
 * Makes this worker drain the queue while its page is open, taking turns with the workers of other tabs.
 *
 * @throws SluiceError `config-invalid`, `wrong-context`
 */
export function startDrainer<const Q extends string>(config: SluiceConfig<Q> | SluiceDefinition<Q>): void {
  requireScope('startDrainer()', 'worker', globalThis);
  const definition = definitionFrom(config);
  const runtime = createRuntime(definition, unlessLeft(browserWorld(definition.name)));
  const drainer = new Drainer(runtime);
  exposeHost(createHost(runtime, drainer), globalThis);
}
