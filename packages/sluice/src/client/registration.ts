import { SluiceError, sentenceOf } from '../core/errors.js';
import { serviceWorkers } from './container.js';

export interface RegistrationRequest {
  script: string | URL;
  type: 'module' | 'classic';
  scope: string | undefined;
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
    return await container.register(script, options);
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
  const url = new URL(script, location.href);
  const answer = await fetch(url, { cache: 'no-store' }).catch(() => undefined);
  const type = answer?.headers.get('Content-Type') ?? 'no type';
  if (!answer?.ok) return missing(url, answer?.status, cause);
  if (!/javascript|ecmascript/i.test(type)) return wrongType(url, type, cause);
  if (isOutOfScope(url, scope)) return wrongScope(url, scope, cause);
  return new SluiceError(
    'script-failed',
    `${url.pathname} did not run as a service worker: ${sentenceOf(cause)}`,
    {
      value: url.href,
      cause,
    },
  );
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

/** Resolves as soon as the page is controlled, or after `deadlineMs`. */
export function whenControlled(container: ServiceWorkerContainer, deadlineMs: number): Promise<void> {
  if (container.controller) return Promise.resolve();
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      container.removeEventListener('controllerchange', settle);
      resolve();
    };
    const timer = setTimeout(settle, deadlineMs);
    container.addEventListener('controllerchange', settle);
  });
}
