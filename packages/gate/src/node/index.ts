import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from '../gate/api.js';
import { readAndPutBack } from './body.js';
import { Captured, write } from './captured.js';

/** What Express, Connect and Fastify's `onRequest` hook call a middleware. */
export type Middleware = (
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * The gate as a middleware of `node:http`, Express and Connect. It stands behind what signs in and sets CORS fields, and before body
 * parsers.
 */
export function middleware(gate: Gate): Middleware {
  return (request, response, next) => {
    pass(gate, { request, response, next }).catch(next);
  };
}

/** For Fastify: `app.addHook('onRequest', fastifyHook(gate))`, which comes before it reads the body. */
export function fastifyHook(gate: Gate): FastifyHook {
  const handle = middleware(gate);
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
): (request: IncomingMessage, response: ServerResponse) => void {
  const handle = middleware(gate);
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
}

async function pass(gate: Gate, { request, response, next }: Passing): Promise<void> {
  const url = urlOf(request);
  const maxBytes = gate.maxBodyBytes(request.method ?? 'GET', url);
  if (maxBytes === undefined) return next();
  const body = (await readAndPutBack(request, maxBytes)) ?? ('too-large' as const);
  let captured: Captured | undefined;
  const service = (passed: Request): Promise<Response> => {
    gate.link(passed, request);
    captured = new Captured(response);
    next();
    return captured.response;
  };
  const answer = await gate.handle(requestOf(request, url), service, { body, signal: signalOf(response) });
  await (captured ? captured.send(answer) : write(answer, response));
}

/** Made where it is asked for: most requests do not wait. */
function signalOf(response: ServerResponse): () => AbortSignal {
  let aborter: AbortController | undefined;
  return () => {
    if (aborter) return aborter.signal;
    const made = new AbortController();
    aborter = made;
    const leave = (): void => {
      if (!response.writableFinished) made.abort();
    };
    if (response.destroyed) leave();
    else response.once('close', leave);
    return made.signal;
  };
}

function urlOf(request: IncomingMessage & { originalUrl?: string }): URL {
  const scheme = 'encrypted' in request.socket ? 'https' : 'http';
  return new URL(
    request.originalUrl ?? request.url ?? '/',
    `${scheme}://${request.headers.host ?? 'localhost'}`,
  );
}

/** Without its body, which the gate is given beside it. */
function requestOf({ method = 'GET', rawHeaders }: IncomingMessage, url: URL): Request {
  const headers = new Headers();
  for (let n = 0; n + 1 < rawHeaders.length; n += 2)
    headers.append(rawHeaders[n] ?? '', rawHeaders[n + 1] ?? '');
  return new Request(url, { method, headers });
}
