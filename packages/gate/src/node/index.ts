import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from '../gate/api.js';
import { readAndPutBack } from './body.js';
import { capture, write } from './captured.js';

/** What Express, Connect and Fastify's `onRequest` hook call a middleware. */
export type Middleware = (
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

export interface NodeOptions {
  /** A body above it is refused before it is read as a whole. Default 1,048,576: the largest `bodyBytes` of your queues. */
  bodyBytes?: number;
}

/**
 * The gate as a middleware of `node:http`, Express and Connect. It stands behind what signs in and sets CORS fields, and before body
 * parsers.
 */
export function middleware(gate: Gate, { bodyBytes = 1_048_576 }: NodeOptions = {}): Middleware {
  return (request, response, next) => {
    pass(gate, { request, response, next, bodyBytes }).catch(next);
  };
}

/** For Fastify: `app.addHook('onRequest', fastifyHook(gate))`, which comes before it reads the body. */
export function fastifyHook(gate: Gate, options?: NodeOptions): FastifyHook {
  const handle = middleware(gate, options);
  return ({ raw: request }, { raw: response }, done) =>
    handle(request, response, done as (error?: unknown) => void);
}

export type FastifyHook = (
  request: { raw: IncomingMessage },
  reply: { raw: ServerResponse },
  done: (error?: Error) => void,
) => void;

/** A listener of `node:http` behind the gate: `createServer(listener(gate, (request, response) => ...))`. */
export function listener(
  gate: Gate,
  service: (request: IncomingMessage, response: ServerResponse) => void,
  options?: NodeOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const handle = middleware(gate, options);
  return (request, response) =>
    handle(request, response, (error) => {
      if (error === undefined) return service(request, response);
      if (!response.headersSent) response.statusCode = 500;
      response.end();
    });
}

/**
 * Sends a job of the line to the service over HTTP: the `deliver` of a gate. The request comes back through the gate, which knows its own.
 *
 * @param origin of the service, such as `http://127.0.0.1:3000`
 */
export function deliverTo(origin: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const { method, headers } = request;
    // `fetch` would decode the body, and leave the field that says how.
    headers.set('accept-encoding', 'identity');
    const body = method === 'GET' || method === 'HEAD' ? null : await request.arrayBuffer();
    return fetch(new URL(pathname + search, origin), { method, headers, body, redirect: 'manual' });
  };
}

interface Passing {
  request: IncomingMessage & { originalUrl?: string };
  response: ServerResponse;
  next: (error?: unknown) => void;
  bodyBytes: number;
}

async function pass(gate: Gate, { request, response, next, bodyBytes }: Passing): Promise<void> {
  const url = urlOf(request);
  if (!gate.concerns(request.method ?? 'GET', url)) return next();
  const body = await readAndPutBack(request, bodyBytes);
  let captured: ReturnType<typeof capture> | undefined;
  const answer = await gate.handle(requestOf(request, response, url, body), (passed) => {
    gate.link(passed, request);
    captured = capture(response);
    next();
    return captured.response;
  });
  await (captured ? captured.send(answer) : write(answer, response));
}

function urlOf(request: IncomingMessage & { originalUrl?: string }): URL {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  return new URL(
    request.originalUrl ?? request.url ?? '/',
    `${scheme}://${request.headers.host ?? 'localhost'}`,
  );
}

function requestOf(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: Buffer | undefined,
): Request {
  const { method = 'GET', headersDistinct } = request;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const aborter = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) aborter.abort();
  });
  // Larger than what was read: the gate refuses it by its length.
  if (!body) headers.set('content-length', String(Number.MAX_SAFE_INTEGER));
  const content = method === 'GET' || method === 'HEAD' ? null : (body ?? null);
  return new Request(url, { method, headers, signal: aborter.signal, body: content as BodyInit | null });
}
