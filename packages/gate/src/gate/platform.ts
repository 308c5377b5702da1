/** All that a gate takes of its platform: Node, Deno, Bun and Workers have the same. Tests bring their own. */
export interface Platform {
  /** Local ms by a clock that never runs back, from any zero. */
  now(): number;
  /** Returns how to cancel it. */
  after(ms: number, run: () => void): () => void;
  /** Random, and never the same again. */
  newId(): string;
  /** 0 to 1. */
  random(): number;
  /** SHA-256, in hex. */
  digest(data: Uint8Array): Promise<string>;
  /** HMAC-SHA-256, in hex. */
  mac(secret: string, text: string): Promise<string>;
}

export const PLATFORM: Platform = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  newId: () => crypto.randomUUID(),
  random: () => Math.random(),
  digest: async (data) =>
    NODE_CRYPTO
      ? NODE_CRYPTO.createHash('sha256').update(data).digest('hex')
      : hex(await crypto.subtle.digest('SHA-256', data as BufferSource)),
  mac: async (secret, text) =>
    NODE_CRYPTO
      ? NODE_CRYPTO.createHmac('sha256', secret).update(text).digest('hex')
      : hex(await crypto.subtle.sign('HMAC', await keyOf(secret), encode(text))),
};

/** Node's own has no way over another thread, which costs more than a hash of a few kB. */
const NODE_CRYPTO = globalThis.process?.getBuiltinModule?.('node:crypto');

const keys = new Map<string, Promise<CryptoKey>>();

/** Imported once: a gate has one or two secrets. */
function keyOf(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const key = crypto.subtle.importKey('raw', encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  keys.set(secret, key);
  return key;
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function hex(buffer: ArrayBuffer): string {
  return [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
