/** A code is stable; a sentence is not. */
export type GateErrorCode =
  /** An option is missing or has a value that is not allowed. */
  | 'config-invalid'
  /** The store's configuration would lose what it has confirmed. */
  | 'store-unfit'
  /** The store did not answer, or not in time. */
  | 'store-unreachable'
  /** More requests wait for the store than this node may hold. */
  | 'busy'
  /** `once` was called outside of a request that holds a key. */
  | 'key-not-held'
  /** Another request holds the key by now: the transaction was rolled back. */
  | 'lease-lost'
  /** No such ticket or key. */
  | 'unknown-request';

/** An error with a stable `code`, the offending `value` where there is one, and what to do in its message. */
export class GateError extends Error {
  override readonly name: string = 'GateError';
  readonly code: GateErrorCode;
  readonly value: unknown;

  constructor(code: GateErrorCode, sentence: string, detail: { value?: unknown; cause?: unknown } = {}) {
    super(`[sluice gate] ${code}: ${sentence}`, 'cause' in detail ? { cause: detail.cause } : undefined);
    this.code = code;
    this.value = detail.value;
  }
}
