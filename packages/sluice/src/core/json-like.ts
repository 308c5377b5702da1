/** The path of the first part of `value` that JSON would lose or refuse, or undefined where there is none. */
export function findNotJson(
  value: unknown,
  path = 'context',
  seen: readonly unknown[] = [],
): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (typeof value !== 'object' || seen.includes(value) || !isPlain(value)) return path;
  for (const [name, part] of Object.entries(value)) {
    const found = findNotJson(part, `${path}.${name}`, [...seen, value]);
    if (found) return found;
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
