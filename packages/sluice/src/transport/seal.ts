import type { Context } from '../core/config.js';
import type { Owner } from '../core/identity.js';
import type { HeaderPairs, Secrets, StoredRequest } from '../core/job.js';
import { openSealed, sealValue } from './cipher.js';

const SECRET_NAMES = /^(authorization|proxy-authorization|x-csrf-.*|x-xsrf-.*)$/i;

export function isSecret(name: string, extra: readonly string[]): boolean {
  return SECRET_NAMES.test(name) || extra.some((other) => other.toLowerCase() === name.toLowerCase());
}

/** What an owner seals with, and the keys of those whose jobs were adopted. */
export type KeyRing = readonly [own: CryptoKey, ...inherited: CryptoKey[]];

/** Asked for only where there is something to seal or to open. `isFresh`: what was known may be out of date. */
export type Key = (isFresh?: boolean) => Promise<KeyRing>;

/** The keys of each owner. */
export type SealingKeys = (owner: Owner, isFresh?: boolean) => Promise<KeyRing>;

/** Tries each key; what is known of them first. @throws what the last one did */
export async function openWith<T>(key: Key, open: (one: CryptoKey) => Promise<T>): Promise<T> {
  return openByAny(await key(), open).catch(async () => openByAny(await key(true), open));
}

async function openByAny<T>([own, ...inherited]: KeyRing, open: (one: CryptoKey) => Promise<T>): Promise<T> {
  let opened = open(own);
  for (const other of inherited) opened = opened.catch(() => open(other));
  return opened;
}

export interface HideOptions {
  mode: 'seal' | 'drop';
  extra: readonly string[];
  key: Key;
  /** `rewrite` may give it another URL, within a transaction, which has no key. */
  isRewritten?: boolean | undefined;
}

/** The request with its secret headers sealed, or without them. */
export async function hideSecrets(
  request: StoredRequest,
  { mode, extra, key, isRewritten }: HideOptions,
): Promise<StoredRequest> {
  const isHidden = ([name]: [string, string]): boolean => isSecret(name, extra);
  const secret = request.headers.map((pair, i) => ({ i, pair })).filter(({ pair }) => isHidden(pair));
  if (secret.length === 0) return request;
  const headers = request.headers.filter((pair) => !isHidden(pair));
  const before = request.secrets.kind === 'dropped' ? request.secrets.names : [];
  const names = [...new Set([...before, ...secret.map(({ pair }) => pair[0])])];
  if (mode === 'drop') return { ...request, headers, secrets: { kind: 'dropped', names } };
  const scope = isRewritten ? { scope: 'origin' as const } : {};
  const sealed = await sealValue(secret, (await key())[0], placeOf(request, scope));
  return { ...request, headers, secrets: { kind: 'sealed', ...scope, ...sealed } };
}

/** The request as it was captured. @throws SluiceError `request-unreadable` for what was tampered with */
export async function revealSecrets(request: StoredRequest, key: Key): Promise<StoredRequest> {
  const { secrets } = request;
  if (secrets.kind !== 'sealed') return request;
  const place = placeOf(request, secrets);
  const secret = (await openWith(key, (one) => openSealed(secrets, one, place))) as {
    i: number;
    pair: [string, string];
  }[];
  const headers: HeaderPairs = [...request.headers];
  for (const { i, pair } of secret) headers.splice(i, 0, pair);
  return { ...request, headers, secrets: { kind: 'none' } };
}

export async function sealContext(context: Context, key: CryptoKey): Promise<Secrets> {
  return { kind: 'sealed', ...(await sealValue(context, key, 'context')) };
}

export async function openContext(sealed: Secrets, key: CryptoKey): Promise<Context> {
  return sealed.kind === 'sealed' ? ((await openSealed(sealed, key, 'context')) as Context) : {};
}

/** What sealed headers belong to: with another scope, they do not open either. */
export function placeOf(
  { method, url }: StoredRequest,
  { scope }: Pick<Extract<Secrets, { kind: 'sealed' }>, 'scope'>,
): string {
  return scope ? `${method} at ${new URL(url).origin}` : `${method} ${url}`;
}
