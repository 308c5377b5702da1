import { isSluiceError, sentenceOf } from '../core/errors.js';
import type { PlainError } from '../core/messages.js';

/** An error as it crosses. */
export function plainError(error: unknown): PlainError {
  if (!isSluiceError(error)) {
    const { name, message } = error instanceof Error ? error : new Error(sentenceOf(error));
    return { name, message };
  }
  const { name, message, code, value, receipts } = error;
  return { name, message, code, value, ...(receipts ? { receipts } : {}) };
}
