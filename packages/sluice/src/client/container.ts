/**
 * Undefined where the browser has none, or keeps them from this page: in a sandboxed frame Firefox hands them out, and refuses whatever
 * is asked of them; Chromium throws at the mere look.
 */
export function serviceWorkers(): ServiceWorkerContainer | undefined {
  try {
    return isSecureContext && origin !== 'null' ? navigator.serviceWorker : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined where there is none, or where the browser does not say: it refuses where it blocks site data. */
export async function registration(): Promise<ServiceWorkerRegistration | undefined> {
  // By default it is that of the document's base URL, which a <base> element may have put anywhere; a frame by `srcdoc` has no other.
  const url = location.protocol === 'about:' ? document.baseURI : location.href;
  return serviceWorkers()
    ?.getRegistration(url)
    .catch(() => undefined);
}

/** The service worker of this page: it does not control one that was reloaded past the cache, and serves the app all the same. */
export async function serviceWorker(): Promise<ServiceWorker | null | undefined> {
  return serviceWorkers()?.controller ?? (await registration())?.active;
}
