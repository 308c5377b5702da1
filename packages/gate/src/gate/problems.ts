/** Codes of the answers that the gate itself gives. */
export type ProblemCode =
  | 'key-missing'
  | 'key-odd'
  | 'key-reused'
  | 'key-outstanding'
  | 'outcome-unknown'
  | 'dead-letter'
  | 'answer-not-kept'
  | 'body-too-large'
  | 'slow-down'
  | 'paused'
  | 'busy'
  | 'store-unreachable'
  | 'ticket-unknown';

const PROBLEMS: Record<ProblemCode, { status: number; title: string }> = {
  'key-missing': { status: 400, title: 'Idempotency-Key is missing' },
  'key-odd': { status: 400, title: 'Idempotency-Key cannot be read' },
  'key-reused': { status: 422, title: 'Idempotency-Key was used for another request' },
  'key-outstanding': { status: 409, title: 'A request with this Idempotency-Key is outstanding' },
  'outcome-unknown': {
    status: 409,
    title: 'The request may have been done: its node was lost before it answered',
  },
  'dead-letter': { status: 409, title: 'The request was given up after several tries' },
  'answer-not-kept': { status: 409, title: 'The request is done; its answer was too large to be kept' },
  'body-too-large': { status: 413, title: 'The request is too large' },
  'slow-down': { status: 429, title: 'The service is at its rate' },
  paused: { status: 503, title: 'The service is paused' },
  busy: { status: 503, title: 'Too many requests wait on this node' },
  'store-unreachable': { status: 503, title: 'The store of the gate does not answer' },
  'ticket-unknown': { status: 404, title: 'No such ticket' },
};

/** An answer of the gate itself, as problem+json (RFC 9457). */
export function problem(
  code: ProblemCode,
  { detail, headers = {} }: { detail?: string; headers?: Record<string, string> } = {},
): Response {
  const { status, title } = PROBLEMS[code];
  const body = JSON.stringify({ title, status, code, ...(detail !== undefined && { detail }) });
  const fields = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers };
  return new Response(body, { status, headers: fields });
}

/** RFC 9110, 10.2.3: whole seconds. Rounded up, so that nobody comes early. */
export function retryAfter(ms: number): Record<string, string> {
  return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) };
}
