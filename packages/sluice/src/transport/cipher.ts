import { SluiceError, sentenceOf } from '../core/errors.js';
import type { Sealed } from '../core/job.js';

/**
 * A key that cannot leave the browser: what it seals is unreadable once it is gone. Whatever is sealed needs one first.
 *
 * @throws SluiceError `insecure-context`
 */
export async function createSealingKey(): Promise<CryptoKey> {
  const { subtle } = crypto as Partial<Crypto>;
  if (!subtle)
    throw new SluiceError('insecure-context', 'secrets can be sealed on HTTPS or localhost alone.');
  return subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** Seals belong to their place: one that is moved to another does not open. */
export function sealValue(value: unknown, key: CryptoKey, place: string): Promise<Sealed> {
  return encrypt(encode(JSON.stringify(value)), key, place);
}

/** @throws SluiceError `request-unreadable` for what was tampered with, or moved to another place */
export async function openSealed(sealed: Sealed, key: CryptoKey, place: string): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder().decode(await decrypt(sealed, key, place)));
  } catch (cause) {
    throw new SluiceError('request-unreadable', `what was sealed does not open (${sentenceOf(cause)}).`, {
      cause,
    });
  }
}

/** The nonce first, then what it seals. */
export async function sealBody(body: ArrayBuffer, key: CryptoKey, place: string): Promise<ArrayBuffer> {
  const { iv, bytes } = await encrypt(body, key, bodyOf(place));
  const sealed = new Uint8Array(IV_BYTES + bytes.byteLength);
  sealed.set(iv);
  sealed.set(new Uint8Array(bytes), IV_BYTES);
  return sealed.buffer;
}

export function openBody(sealed: ArrayBuffer, key: CryptoKey, place: string): Promise<ArrayBuffer> {
  const iv = new Uint8Array(sealed, 0, IV_BYTES);
  return decrypt({ iv, bytes: new Uint8Array(sealed, IV_BYTES) }, key, bodyOf(place));
}

/** What is only ever compared: SHA-256, in hexadecimal. */
export async function fingerprint(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', encode(text));
  return hexOf(new Uint8Array(digest));
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const IV_BYTES = 12;

async function encrypt(clear: BufferSource, key: CryptoKey, place: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  return { iv, bytes: await crypto.subtle.encrypt(algorithm(iv, place), key, clear) };
}

function decrypt(
  { iv, bytes }: { iv: Uint8Array; bytes: BufferSource },
  key: CryptoKey,
  place: string,
): Promise<ArrayBuffer> {
  return crypto.subtle.decrypt(algorithm(iv, place), key, bytes);
}

function algorithm(iv: Uint8Array, place: string): AesGcmParams {
  return { name: 'AES-GCM', iv: iv as Uint8Array<ArrayBuffer>, additionalData: encode(place) };
}

function bodyOf(place: string): string {
  return `body ${place}`;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
