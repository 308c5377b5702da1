/** A code is stable; a sentence is not. */
export type OriginErrorCode = 'port-taken' | 'behaviour-invalid' | 'wait-expired' | 'closed';

/** An error with a stable `code`, the offending `value` where there is one, and what to do in its message. */
export class OriginError extends Error {
  override readonly name: string = 'OriginError';
  readonly code: OriginErrorCode;
  readonly value: unknown;

  constructor(code: OriginErrorCode, sentence: string, detail: { value?: unknown; cause?: unknown } = {}) {
    super(sentence, 'cause' in detail ? { cause: detail.cause } : undefined);
    this.code = code;
    this.value = detail.value;
  }
}
