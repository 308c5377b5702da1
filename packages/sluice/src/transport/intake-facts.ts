import type { AnswerFacts, CapturedFacts } from '../core/config.js';
import type { Answer, HeaderPairs, StoredRequest } from '../core/job.js';

/** A captured or stored request, for the functions of users that read it. */
export function capturedFacts({
  request,
  body,
}: {
  request: StoredRequest;
  body?: ArrayBuffer | undefined;
}): CapturedFacts {
  const { method, url, mode, headers } = request;
  return { method, url, mode, destination: '', headers: pairsOf(headers), ...readersOf(body) };
}

/** The answer to a job, for the functions of users that read it. */
export function answerFacts({ status, headers, body }: Answer): AnswerFacts {
  return { status, headers: pairsOf(headers), ...readersOf(body) };
}

/** A copy: what users sort or change is theirs. */
export function pairsOf(headers: readonly (readonly [name: string, value: string])[]): HeaderPairs {
  return headers.map(([name, value]) => [name, value]);
}

/** A body as users write it, as it is stored. */
export function bytesOfBody(body: string | ArrayBuffer): ArrayBuffer {
  return typeof body === 'string' ? new TextEncoder().encode(body).buffer : body;
}

function readersOf(body: ArrayBuffer | undefined): { text(): string; json(): unknown } {
  const text = (): string => new TextDecoder().decode(body ?? new ArrayBuffer(0));
  return { text, json: () => JSON.parse(text()) as unknown };
}
