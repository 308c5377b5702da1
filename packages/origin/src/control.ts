import type { IncomingMessage, ServerResponse } from 'node:http';
import { fromJson, toJson } from './behaviour-json.js';
import { readText } from './body.js';
import { OriginError } from './errors.js';
import { countByOutcome } from './record.js';
import type { Service } from './service.js';

const PATCH_LIMIT_BYTES = 64 * 1024;

/** Lets a page watch and change the service. */
export async function control(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '', 'http://origin');
  switch (`${request.method} ${pathname}`) {
    case 'GET /control':
      return sendJson(response, stateOf(service));
    case 'POST /control':
      return await change(service, request, response);
    default:
      return sendProblem(response, 404, {
        code: 'control-unknown',
        detail: `No ${request.method} ${pathname} here.`,
      });
  }
}

/** What GET /control answers. */
function stateOf({ behaviour, record, duplicates, waiting }: Service): object {
  const outcomes = countByOutcome(record.arrivals);
  return { behaviour: toJson(behaviour), arrivals: record.arrivals.length, outcomes, duplicates, waiting };
}

async function change(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readText(request, PATCH_LIMIT_BYTES);
  if (text === undefined) {
    const detail = `A patch has at most ${PATCH_LIMIT_BYTES} bytes.`;
    return sendProblem(response, 413, { code: 'patch-too-large', detail });
  }
  try {
    service.set(fromJson(JSON.parse(text)) as object);
    sendJson(response, stateOf(service));
  } catch (error) {
    sendProblem(response, 400, problemOf(error, text));
  }
}

interface Problem {
  code: string;
  detail: string;
  value?: unknown;
}

function problemOf(error: unknown, text: string): Problem {
  if (error instanceof OriginError) return { code: error.code, detail: error.message, value: error.value };
  if (error instanceof SyntaxError) return { code: 'json-invalid', detail: error.message, value: text };
  throw error;
}

// RFC 9457.
function sendProblem(response: ServerResponse, status: number, problem: Problem): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ type: 'about:blank', status, ...problem }));
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}
