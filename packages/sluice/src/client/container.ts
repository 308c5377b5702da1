/** Undefined where the browser has none, or keeps them from this page: in a sandboxed frame Chromium throws at the mere look. */
export function serviceWorkers(): ServiceWorkerContainer | undefined {
  try {
    return navigator.serviceWorker;
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
