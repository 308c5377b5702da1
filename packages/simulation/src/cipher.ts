import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import type { Universe } from './universe.ts';

/** A key that is plain data, so that it can stand in a row. */
type Key = Uint8Array;

const KEY_BYTES = 32;
const TAG_BYTES = 16;

/**
 * Web Crypto as Sluice uses it, without a turn of the event loop, which would come in another order each time. Keys and nonces are
 * by the seed.
 */
export function cipherOf(universe: Universe) {
  const random = (bytes: Uint8Array): Uint8Array => bytes.map(() => Math.floor(universe.chance() * 256));
  return {
    getRandomValues: (bytes: Uint8Array): Uint8Array => {
      bytes.set(random(bytes));
      return bytes;
    },
    subtle: {
      digest: async (_algorithm: string, data: Uint8Array) =>
        exact(createHash('sha256').update(data).digest()),
      generateKey: async (): Promise<Key> => random(new Uint8Array(KEY_BYTES)),
      encrypt: async ({ iv, additionalData }: AesGcm, key: Key, clear: BufferSource) => {
        const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(additionalData);
        return exact(Buffer.concat([cipher.update(bytesOf(clear)), cipher.final(), cipher.getAuthTag()]));
      },
      decrypt: async ({ iv, additionalData }: AesGcm, key: Key, sealed: BufferSource) => {
        const bytes = bytesOf(sealed);
        const cipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(additionalData);
        cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
        return exact(Buffer.concat([cipher.update(bytes.subarray(0, -TAG_BYTES)), cipher.final()]));
      },
    },
  };
}

interface AesGcm {
  iv: Uint8Array;
  additionalData: Uint8Array;
}

function bytesOf(source: BufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** A buffer of Node may be a part of a larger one. */
function exact({ buffer, byteOffset, byteLength }: Buffer): ArrayBuffer {
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
