import type { Context } from '../core/config.js';
import { SluiceError, sentenceOf } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import type { HeaderPairs, Sealed, Secrets, StoredRequest } from '../core/job.js';

const SECRET_NAMES = /^(authorization|proxy-authorization|x-csrf-.*|x-xsrf-.*)$/i;

export function isSecret(name: string, extra: readonly string[]): boolean {
  return SECRET_NAMES.test(name) || extra.some((other) => other.toLowerCase() === name.toLowerCase());
}

/** A key that cannot leave the browser: what it seals is unreadable once it is gone. */
export function createSealingKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
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
}

/** The request with its secret headers sealed, or without them. */
export async function hideSecrets(
  request: StoredRequest,
  { mode, extra, key }: HideOptions,
): Promise<StoredRequest> {
  const isHidden = ([name]: [string, string]): boolean => isSecret(name, extra);
  const secret = request.headers.map((pair, i) => ({ i, pair })).filter(({ pair }) => isHidden(pair));
  if (secret.length === 0) return request;
  const headers = request.headers.filter((pair) => !isHidden(pair));
  const names = secret.map(({ pair }) => pair[0]);
  const secrets: Secrets =
    mode === 'drop'
      ? { kind: 'dropped', names }
      : { kind: 'sealed', ...(await sealValue(secret, (await key())[0], aad(request))) };
  return { ...request, headers, secrets };
}

/** The request as it was captured. @throws SluiceError `request-unreadable` for what was tampered with */
export async function revealSecrets(request: StoredRequest, key: Key): Promise<StoredRequest> {
  const { secrets } = request;
  if (secrets.kind !== 'sealed') return request;
  const secret = (await openWith(key, (one) => openSealed(secrets, one, aad(request)))) as {
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

/** Seals belong to their place: one that is moved to another request does not open. */
function aad({ method, url }: StoredRequest): string {
  return `${method} ${url}`;
}

export async function sealValue(value: unknown, key: CryptoKey, place: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const bytes = await crypto.subtle.encrypt(algorithm(iv, place), key, encode(JSON.stringify(value)));
  return { iv, bytes };
}

/** @throws SluiceError `request-unreadable` for what was tampered with, or moved to another place */
export async function openSealed({ iv, bytes }: Sealed, key: CryptoKey, place: string): Promise<unknown> {
  try {
    const clear = await crypto.subtle.decrypt(algorithm(iv, place), key, bytes);
    return JSON.parse(new TextDecoder().decode(clear));
  } catch (cause) {
    throw new SluiceError('request-unreadable', `what was sealed does not open (${sentenceOf(cause)}).`, {
      cause,
    });
  }
}

function algorithm(iv: Uint8Array, place: string): AesGcmParams {
  return { name: 'AES-GCM', iv: iv as Uint8Array<ArrayBuffer>, additionalData: encode(place) };
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
