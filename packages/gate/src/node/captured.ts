import type { ServerResponse } from 'node:http';

/** What the service does to its response, as a Response, before anything of it leaves. */
export interface Captured {
  readonly response: Promise<Response>;
  /** Gives the real methods back, and writes the answer with them. */
  send(answer: Response): Promise<void>;
}

type Chunk = string | Uint8Array;

/** Takes the place of the methods that write. Headers are set on the real response, and read from it once the answer begins. */
export function capture(response: ServerResponse): Captured {
  const before = response.getHeaders();
  const { write: realWrite, end, writeHead, flushHeaders } = response;
  const real = { write: realWrite, end, writeHead, flushHeaders };
  let begin: (answer: Response) => void = () => undefined;
  const begun = new Promise<Response>((resolve) => {
    begin = resolve;
  });
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (one) => {
      controller = one;
    },
    pull: () => void response.emit('drain'),
    cancel: () => void response.destroy(),
  });
  let hasBegun = false;
  const start = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    begin(answerOf(response, body));
  };
  const push = (chunk: unknown, encoding: unknown): boolean => {
    start();
    if (chunk !== undefined && chunk !== null) controller?.enqueue(bytesOf(chunk as Chunk, encoding));
    return (controller?.desiredSize ?? 0) > 0;
  };
  let isOver = false;
  Object.assign(response, {
    writeHead: (status: number, ...rest: unknown[]) => {
      response.statusCode = status;
      setHeaders(response, rest.at(-1));
      start();
      return response;
    },
    flushHeaders: start,
    write: (chunk: unknown, encoding?: unknown, callback?: unknown) => {
      const isRoomLeft = push(chunk, encoding);
      callLater(encoding, callback);
      return isRoomLeft;
    },
    end: (chunk?: unknown, encoding?: unknown, callback?: unknown) => {
      if (isOver) return response;
      isOver = true;
      push(typeof chunk === 'function' ? undefined : chunk, encoding);
      controller?.close();
      for (const one of [chunk, encoding, callback])
        if (typeof one === 'function') response.once('finish', one as () => void);
      return response;
    },
  });
  Object.defineProperty(response, 'headersSent', { configurable: true, get: () => hasBegun });
  Object.defineProperty(response, 'writableEnded', { configurable: true, get: () => isOver });
  const restore = (): void => {
    Object.assign(response, real);
    Reflect.deleteProperty(response, 'headersSent');
    Reflect.deleteProperty(response, 'writableEnded');
  };
  return {
    response: begun,
    send: (answer) => {
      restore();
      for (const name of response.getHeaderNames()) if (!(name in before)) response.removeHeader(name);
      return write(answer, response);
    },
  };
}

/** A list: what stands in front of the gate has its own part in it. */
const EXPOSE = 'access-control-expose-headers';

/** Writes an answer to a response that nothing was written to. Headers that were set before, by what stands in front, stay. */
export async function write(answer: Response, response: ServerResponse): Promise<void> {
  response.statusCode = answer.status;
  if (answer.statusText !== '') response.statusMessage = answer.statusText;
  for (const [name, value] of answer.headers) {
    if (name === EXPOSE) response.appendHeader(name, value);
    else if (name !== 'set-cookie') response.setHeader(name, value);
  }
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  if (!answer.body) return void response.end();
  const reader = answer.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    if (response.destroyed) return reader.cancel();
    if (!response.write(next.value)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off('drain', end).off('close', end);
      resolve();
    };
    response.on('drain', end).on('close', end);
  });
}

/** Statuses whose answers have no content, for which Response takes no body. */
const WITHOUT_CONTENT = new Set([204, 205, 304]);

function answerOf(response: ServerResponse, body: ReadableStream): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(response.getHeaders())) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) headers.append(name, String(one));
  }
  const { statusCode: status } = response;
  // Node has none before the service sets one.
  const statusText = response.statusMessage || '';
  return new Response(WITHOUT_CONTENT.has(status) ? null : body, { status, statusText, headers });
}

/** As `writeHead` takes them: an object, or names and values in turn. */
function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    for (let n = 0; n + 1 < headers.length; n += 2)
      response.appendHeader(String(headers[n]), String(headers[n + 1]));
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as string);
  }
}

function bytesOf(chunk: Chunk, encoding: unknown): Uint8Array {
  if (typeof chunk !== 'string') return chunk;
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
}

function callLater(...candidates: unknown[]): void {
  for (const one of candidates) if (typeof one === 'function') process.nextTick(one);
}
