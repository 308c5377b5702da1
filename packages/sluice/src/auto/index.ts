import type { SluiceConfig, SluiceDefinition } from '../core/config.js';
import { scopeOf } from '../core/context.js';
import { definitionFrom } from '../core/define.js';
import { SluiceError } from '../core/errors.js';
import { installSluice } from '../service-worker/install.js';
import { startDrainer } from '../worker/start-drainer.js';

/**
 * The short form: one script that is both the service worker and the worker of its pages. Its role follows from where it
 * runs. Answers the definition, whose type `connect` takes: `connect<typeof config>('/sluice.js')`.
 *
 * @throws SluiceError `config-invalid`; `wrong-context` in a page, which imports its type alone
 */
export function runSluice<const Q extends string>(
  config: SluiceConfig<Q> | SluiceDefinition<Q>,
): SluiceDefinition<Q> {
  const definition = definitionFrom(config);
  const scope = scopeOf(globalThis);
  if (scope === 'service-worker') installSluice(definition, { lifecycle: 'own' });
  else if (scope === 'worker') startDrainer(definition);
  else {
    throw new SluiceError(
      'wrong-context',
      `runSluice() was called in a ${scope} scope. Build its file to a script of its own and hand that script's URL to ` +
        'connect(); a page imports nothing of it but its type.',
      { value: scope },
    );
  }
  return definition;
}
