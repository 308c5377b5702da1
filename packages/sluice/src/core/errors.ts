import type { Receipt } from './messages.js';

/** Every way in which Sluice says no. A code is stable; a sentence is not. */
export type ErrorCode =
  | 'config-invalid'
  | 'wrong-context'
  | 'insecure-context'
  | 'script-missing'
  | 'script-type'
  | 'script-scope'
  | 'script-failed'
  | 'foreign-controller'
  | 'cors-missing'
  | 'worker-failed'
  | 'protocol-mismatch'
  | 'no-answer'
  | 'host-gone'
  | 'queue-unknown'
  | 'queue-full'
  | 'body-too-large'
  | 'request-unreadable'
  | 'function-failed'
  | 'state-conflict'
  | 'storage-failed'
  | 'storage-unsure'
  | 'storage-full'
  | 'storage-blocked'
  | 'storage-absent'
  | 'storage-newer'
  | 'signed-out'
  | 'closed';

const BRAND = 'sluice-error';

interface ErrorDetail extends ErrorOptions {
  value?: unknown;
  receipts?: readonly (Receipt | undefined)[];
}

/** An error with a stable `code`, the offending `value` where there is one, and what to do in its message. */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError';
  readonly brand: string = BRAND;
  readonly code: ErrorCode;
  readonly value: unknown;
  /** Of a list that was not stored as a whole: the receipt of each request, undefined for those that were not stored. */
  readonly receipts: readonly (Receipt | undefined)[] | undefined;

  constructor(code: ErrorCode, sentence: string, { value, receipts, ...cause }: ErrorDetail = {}) {
    super(`[sluice] ${code}: ${sentence}`, cause);
    this.code = code;
    this.value = value;
    this.receipts = receipts;
  }
}

/** True for a SluiceError of any copy of the library: `instanceof` fails across two bundles of one page. */
export function isSluiceError(error: unknown): error is SluiceError {
  return error instanceof Error && (error as Partial<SluiceError>).brand === BRAND;
}

/** Storage that fails now may not in a moment; what cannot be read cannot be read ever. */
export function isPassing(error: unknown): boolean {
  return isSluiceError(error) && error.code !== 'request-unreadable';
}

/** Any thrown value as a sentence: user code may throw what is not an Error. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
