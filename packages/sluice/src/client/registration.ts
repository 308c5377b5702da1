import { SluiceError, sentenceOf } from '../core/errors.js';
import { serviceWorkers } from './container.js';
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
  { script, type, scope }: RegistrationRequest,
): Promise<ServiceWorkerRegistration> {
  try {
    const options = { type, ...(scope === undefined ? {} : { scope }) };
    return await container.register(script as URL, options);
  } catch (cause) {
    throw await diagnose({ script, type, scope }, cause);
  }
}

/** @throws SluiceError `insecure-context` */
export function requireServiceWorkers(): ServiceWorkerContainer {
  // In a sandboxed frame Firefox hands them out, and refuses whatever is asked of them.
  const container = isSecureContext && origin !== 'null' ? serviceWorkers() : undefined;
  if (container) return container;
  throw new SluiceError(
    'insecure-context',
    `service workers need HTTPS or localhost, no sandbox, and a browser mode that allows them; this is ${origin}.`,
    { value: origin },
  );
}

/** The platform says no with one TypeError for many reasons: ask the script itself what is wrong with it. */
async function diagnose({ script, scope }: RegistrationRequest, cause: unknown): Promise<SluiceError> {
  const reason = sentenceOf(cause);
  const url = new URL(script as URL, location.href);
  // Firefox speaks of the sink.
  if (/trusted|sink type/i.test(reason)) return untrusted(url, cause);
  const answer = await fetch(url, { cache: 'no-store' }).catch(() => undefined);
  const type = answer?.headers.get('Content-Type') ?? 'no type';
  if (!answer?.ok) return missing(url, answer?.status, cause);
  if (!/javascript|ecmascript/i.test(type)) return wrongType(url, type, cause);
  if (isOutOfScope(url, scope)) return wrongScope(url, scope, cause);
  return new SluiceError('script-failed', `${url.pathname} did not run as a service worker: ${reason}`, {
    value: url.href,
    cause,
  });
}

function untrusted(url: URL, cause: unknown): SluiceError {
  const sentence =
    'this page requires Trusted Types, and takes no script by a string. ' +
    'Hand connect() a TrustedScriptURL, made by a policy of the app.';
  return new SluiceError('script-failed', sentence, { value: url.href, cause });
}

function missing(url: URL, status: number | undefined, cause: unknown): SluiceError {
  const sentence = `${url.pathname} answered ${status ?? 'nothing'}. Build the script to that URL, at the root of the site.`;
  return new SluiceError('script-missing', sentence, { value: url.href, cause });
}

function wrongType(url: URL, type: string, cause: unknown): SluiceError {
  const sentence =
    `${url.pathname} answered '${type}' where a script must be. ` +
    'If that is the page of your app, exclude the file from its fallback.';
  return new SluiceError('script-type', sentence, { value: type, cause });
}

function wrongScope(url: URL, scope: string | undefined, cause: unknown): SluiceError {
  const wanted = new URL(scope ?? './', url).pathname;
  const sentence =
    `${url.pathname} may not control ${wanted}. ` +
    `Move the script up, or serve it with 'Service-Worker-Allowed: ${wanted}'.`;
  return new SluiceError('script-scope', sentence, { value: wanted, cause });
}

function isOutOfScope(url: URL, scope: string | undefined): boolean {
  if (url.origin !== location.origin) return true;
  return scope !== undefined && !new URL(scope, location.href).href.startsWith(new URL('./', url).href);
}

/** @throws SluiceError `script-scope` where a service worker of that scope can never control this page */
export function requireScope(scope: string): void {
  // A frame by `srcdoc` or of a blob is controlled as the page that made it.
  if (!location.protocol.startsWith('http') || location.href.startsWith(scope)) return;
  const sentence =
    `the service worker controls ${scope}, and this page is ${location.pathname}. ` +
    'Register it with a scope that has this page in it: a script at the root of the site has.';
  throw new SluiceError('script-scope', sentence, { value: scope });
}
