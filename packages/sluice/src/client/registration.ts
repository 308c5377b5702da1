import { type SluiceError, sentenceOf } from '../core/errors.js';
import { fault } from './advice.js';
import type { TrustedScriptURL } from './sluice.js';

export interface RegistrationRequest {
  script: string | URL | TrustedScriptURL;
  type: 'module' | 'classic';
  scope?: string | undefined;
}

/**
 * Registers the service worker.
 *
 * @throws SluiceError `script-missing`, `script-type`, `script-scope`, `script-failed`
 */
export async function register(
  container: ServiceWorkerContainer,
  request: RegistrationRequest,
): Promise<void> {
  const { script, type, scope } = request;
  let found: ServiceWorkerRegistration;
  try {
    found = await container.register(script as URL, scope === undefined ? { type } : { type, scope });
  } catch (cause) {
    throw await diagnose(request, cause);
  }
  // A frame by `srcdoc` or of a blob is controlled as the page that made it.
  if (!container.controller && location.href.startsWith('http') && !location.href.startsWith(found.scope))
    throw fault(
      'script-scope',
      `it controls ${found.scope}, and this page is ${location.pathname}`,
      found.scope,
    );
}

/** The platform says no with one TypeError for many reasons: ask the script itself what is wrong with it. */
async function diagnose({ script, scope }: RegistrationRequest, cause: unknown): Promise<SluiceError> {
  const { href, pathname } = new URL(script as URL, location.href);
  const answer = await fetch(href, { cache: 'no-store' }).catch(() => undefined);
  const type = answer?.headers.get('Content-Type');
  const below = new URL('./', href).href;
  const wanted = scope === undefined ? below : new URL(scope, location.href).href;
  const isOutOfScope = !wanted.startsWith(below) || !href.startsWith(location.origin);
  const [code, value] = !answer?.ok
    ? (['script-missing', href] as const)
    : !/(java|ecma)script/i.test(type ?? '')
      ? (['script-type', type] as const)
      : isOutOfScope
        ? (['script-scope', wanted] as const)
        : (['script-failed', href] as const);
  return fault(code, `${pathname} answered ${answer?.status}, ${type}: ${sentenceOf(cause)}`, value, cause);
}
