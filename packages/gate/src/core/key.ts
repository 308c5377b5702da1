/** An Idempotency-Key as it was sent: none, one that can be used, or one that cannot. */
export type SentKey = { kind: 'none' } | { kind: 'key'; key: string } | { kind: 'odd'; why: string };

const MAX_CHARACTERS = 255;

// RFC 9651, 3.3.3: a string in quotes, of printable ASCII, in which a backslash escapes quotes and itself.
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
// What most clients send in its place: a token of printable ASCII without quotes, commas or spaces.
const BARE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+$/;

/**
 * Reads the field `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07, 2.1). A key without quotes is read as well,
 * since most clients send it so. Two fields are joined by a comma, which no key without quotes may have.
 */
export function readKey(field: string | null): SentKey {
  const value = field?.trim();
  if (value === undefined) return { kind: 'none' };
  const quoted = QUOTED.exec(value)?.[1]?.replace(/\\(["\\])/g, '$1');
  const key = quoted ?? (BARE.test(value) ? value : undefined);
  if (key === undefined) return odd('it is neither a string in quotes nor a token of printable ASCII');
  if (key === '') return odd('it is empty');
  if (key.length > MAX_CHARACTERS) return odd(`it has more than ${MAX_CHARACTERS} characters`);
  return { kind: 'key', key };
}

function odd(why: string): SentKey {
  return { kind: 'odd', why };
}
