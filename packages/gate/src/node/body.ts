import type { IncomingMessage } from 'node:http';

/**
 * Reads the whole body, and puts it back, so that a body parser behind the gate finds the request unread. Node allows that until the
 * stream has told its end, which it does not while there is something to read (`readable.unshift` in its documentation).
 *
 * @returns undefined where it is larger than `maxBytes`; nothing is put back then
 */
export function readAndPutBack(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      request.off('readable', read).off('end', finish).off('error', fail).off('close', abort);
      settle();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const abort = (): void => fail(new Error('the connection ended before the request did'));
    const finish = (): void => {
      const whole = Buffer.concat(chunks);
      if (whole.byteLength > 0) request.unshift(whole);
      end(() => resolve(whole));
    };
    const read = (): void => {
      for (
        let chunk = request.read() as Buffer | null;
        chunk !== null;
        chunk = request.read() as Buffer | null
      ) {
        chunks.push(chunk);
        bytes += chunk.byteLength;
        if (bytes > maxBytes) return end(() => resolve(undefined));
      }
      // Its end is told in the next tick, unless something is put back in this one.
      if (request.complete) finish();
    };
    request.on('readable', read).once('end', finish).once('error', fail).once('close', abort);
    // What has arrived already makes no event.
    if (request.readableLength > 0 || request.complete) read();
  });
}
