import type { ServerResponse } from 'node:http';
import type { ArrivalRecord } from './record.js';

/** A reader that is this far behind is cut off: its EventSource comes again by itself. */
const BEHIND_BYTES = 1024 * 1024;

/** Server-Sent Events, one for each receipt and each end of an arrival, until the reader leaves. */
export function streamChanges(record: ArrivalRecord, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write('retry: 1000\n\n');
  const unsubscribe = record.on(['receipt', 'end'], ({ n, at, status, outcome, idempotencyKey }) => {
    response.write(`data: ${JSON.stringify({ n, at, status, outcome, idempotencyKey })}\n\n`);
    if (response.writableLength > BEHIND_BYTES) response.destroy();
  });
  response.once('close', unsubscribe);
}
