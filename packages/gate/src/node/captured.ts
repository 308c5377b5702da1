import type { ServerResponse } from 'node:http';

type Chunk = string | Uint8Array;

/**
 * What the service does to its response, as a Response, before anything of it leaves. The methods that write are replaced. Headers are set on
 * the real response, and read from it once the answer begins.
 */
export class Captured {
  readonly response: Promise<Response>;
  readonly #real: ServerResponse;
  readonly #headersBefore: ReadonlySet<string>;
  #begin: (answer: Response) => void = () => undefined;
  /** Of an answer that is written in pieces. */
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #areHeadersSent = false;
  #isOver = false;

  constructor(real: ServerResponse) {
    this.#real = real;
    this.#headersBefore = new Set(real.getHeaderNames());
    this.response = new Promise((resolve) => {
      this.#begin = resolve;
    });
    Object.assign(real, {
      writeHead: (status: number, ...rest: unknown[]) => this.#writeHead(status, rest.at(-1)),
      flushHeaders: () => void this.#streaming(),
      write: (...args: unknown[]) => this.#write(args),
      end: (...args: unknown[]) => this.#end(args),
    });
    Object.defineProperty(real, 'headersSent', { configurable: true, get: () => this.#areHeadersSent });
    Object.defineProperty(real, 'writableEnded', { configurable: true, get: () => this.#isOver });
  }

  /** Gives the real methods back, and writes the answer with them. */
  send(answer: Response): Promise<void> {
    for (const name of OWN) Reflect.deleteProperty(this.#real, name);
    for (const name of this.#real.getHeaderNames())
      if (!this.#headersBefore.has(name)) this.#real.removeHeader(name);
    return write(answer, this.#real);
  }

  #writeHead(status: number, headers: unknown): ServerResponse {
    this.#areHeadersSent = true;
    this.#real.statusCode = status;
    setHeaders(this.#real, headers);
    return this.#real;
  }

  #write([chunk, encoding, callback]: unknown[]): boolean {
    const stream = this.#streaming();
    stream.enqueue(bytesOf(chunk as Chunk, encoding));
    for (const one of [encoding, callback]) if (typeof one === 'function') process.nextTick(one);
    return (stream.desiredSize ?? 0) > 0;
  }

  #end(args: unknown[]): ServerResponse {
    if (this.#isOver) return this.#real;
    this.#isOver = true;
    const [chunk, encoding] = args;
    const bytes = typeof chunk === 'function' || !chunk ? EMPTY : bytesOf(chunk as Chunk, encoding);
    if (this.#stream) {
      if (bytes.byteLength > 0) this.#stream.enqueue(bytes);
      this.#stream.close();
    } else {
      this.#areHeadersSent = true;
      // As node:http does where all of a body is known.
      if (!this.#real.hasHeader('transfer-encoding'))
        this.#real.setHeader('content-length', bytes.byteLength);
      this.#begin(answerOf(this.#real, bytes as BodyInit));
    }
    for (const one of args) if (typeof one === 'function') this.#real.once('finish', one as () => void);
    return this.#real;
  }

  /** The answer begins before all of it is known. */
  #streaming(): ReadableStreamDefaultController<Uint8Array> {
    if (this.#stream) return this.#stream;
    this.#areHeadersSent = true;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#stream = controller;
      },
      pull: () => void this.#real.emit('drain'),
      cancel: () => void this.#real.destroy(),
    });
    this.#begin(answerOf(this.#real, body));
    return this.#streaming();
  }
}

const OWN = ['writeHead', 'flushHeaders', 'write', 'end', 'headersSent', 'writableEnded'];
const EMPTY = new Uint8Array();

/** Up to here a body is written at once rather than as a stream. */
const SMALL_BYTES = 65_536;

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
  const bytes = Number(answer.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  if (bytes <= SMALL_BYTES) return void response.end(new Uint8Array(await answer.arrayBuffer()));
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

function answerOf(response: ServerResponse, body: BodyInit): Response {
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
