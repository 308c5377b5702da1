import type { StoredRequest } from './job.js';

/** A plain POST, as it is stored. */
export function storedPost(url = 'https://example.test/api/orders'): StoredRequest {
  return {
    url,
    method: 'POST',
    headers: [],
    secrets: { kind: 'none' },
    mode: 'cors',
    credentials: 'same-origin',
    cache: 'default',
    redirect: 'follow',
    referrer: 'about:client',
    referrerPolicy: '',
    integrity: '',
  };
}
