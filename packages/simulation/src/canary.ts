/** A word in all that a job which is sealed has: its URL, a header, its body and its answer. */
export const CANARY = 'canary';

/** Whether it can be read there, in any field, key or bytes. */
export function holdsCanary(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(CANARY);
  if (value instanceof ArrayBuffer) return Buffer.from(value).includes(CANARY);
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(CANARY);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, field]) => name.includes(CANARY) || holdsCanary(field));
}
