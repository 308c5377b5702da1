import { type ErrorCode, SluiceError } from '../core/errors.js';

declare const process: { env: { NODE_ENV?: string } };

/** What to do, by code. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  closed: 'Call connect() again.',
  'foreign-controller':
    'Plain requests pass by; sluice.fetch queues. Call installSluice() first of all in that script, or register it for another scope.',
  'host-gone': 'Whether it was done, nothing tells: look (get, list) before you ask again.',
  'insecure-context':
    'Service workers need HTTPS or localhost, no sandbox, and a browser mode that allows them.',
  'no-answer': 'No worker runs, or it is too busy; it is started again.',
  'protocol-mismatch': 'Reload the page when convenient; nothing is lost.',
  'request-unreadable': 'A body is read once: make a new Request of it.',
  'script-failed':
    'It did not run as a service worker. Where the page requires Trusted Types, hand connect() a TrustedScriptURL.',
  'script-missing': 'Build the script to that URL, at the root of the site.',
  'script-scope':
    "A service worker controls the pages below its script. Move the script to the root, or serve it with 'Service-Worker-Allowed: /'.",
  'script-type': 'If that is the page of your app, exclude the file from its fallback.',
  'worker-failed':
    "It is tried again. On a page with 'Cross-Origin-Embedder-Policy' serve the script with that header, too.",
  'wrong-context': 'connect() needs a page: call it in an effect or onMount.',
};

/**
 * An error of the page itself. In a development build it says what to do as well; a production build has the fact, and the guide the
 * rest: bundlers replace `process.env.NODE_ENV`, and drop the sentences.
 */
export function fault(code: ErrorCode, fact: string, value?: unknown, cause?: unknown): SluiceError {
  return new SluiceError(code, `${fact}.${adviceFor(code)}`, { value, cause });
}

function adviceFor(code: ErrorCode): string {
  try {
    if (process.env.NODE_ENV !== 'production') return ADVICE[code] ? ` ${ADVICE[code]}` : '';
  } catch {
    // Where no bundler has replaced it, there is no `process`, and no developer to tell.
  }
  return '';
}
