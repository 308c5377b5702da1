import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Arrival } from './arrival.js';

const KEPT_BYTES = 64 * 1024;

/** Reads the body into the arrival. False: the connection broke before its end. */
export async function readBody(request: IncomingMessage, arrival: Arrival): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      hash.update(chunk);
      arrival.body += chunk.toString('latin1', 0, KEPT_BYTES - arrival.body.length);
      arrival.bodyBytes += chunk.length;
    }
  } catch {
    return false;
  }
  arrival.bodySha256 = hash.digest('hex');
  return true;
}

/** A body that is small by agreement, as text. Undefined if it is larger than `limitBytes`, or broke off. */
export async function readText(request: IncomingMessage, limitBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= limitBytes) chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return bytes > limitBytes ? undefined : Buffer.concat(chunks).toString();
}
