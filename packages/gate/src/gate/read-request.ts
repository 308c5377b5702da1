import type { Platform } from './platform.js';

/** The body of a request, or undefined where it is larger than `maxBytes`. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | undefined> {
  const told = request.headers.get('content-length');
  if (Number(told) > maxBytes) return undefined;
  if (!request.body) return new Uint8Array();
  // The length is what the body has, in HTTP: it need not be read piece by piece.
  if (told !== null) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    bytes += next.value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(next.value);
  }
  return joined(chunks, bytes);
}

export function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** The same request, its body to be read once more. */
export function withBody(request: Request, body: Uint8Array): Request {
  const { method, headers, signal } = request;
  const hasBody = body.byteLength > 0 && method !== 'GET' && method !== 'HEAD';
  return new Request(request.url, { method, headers, signal, ...(hasBody && { body: body as BodyInit }) });
}

/** Tells whether two requests ask for the same: method, target, type and body. */
export async function fingerprintOf(
  platform: Platform,
  { method, url, headers }: Pick<Request, 'method' | 'url' | 'headers'>,
  body: Uint8Array,
): Promise<string> {
  const { pathname, search } = new URL(url);
  const head = new TextEncoder().encode(
    JSON.stringify([method, pathname, search, headers.get('content-type')]),
  );
  return platform.digest(joined([head, body], head.byteLength + body.byteLength));
}
