import type { Ticket } from './job.js';
import type { Receipt, Refusal } from './messages.js';

/** The header of a receipt that carries its ticket. */
export const TICKET_HEADER = 'Sluice-Ticket';

/** The ticket that a response carries, or undefined: then it is the service's own answer. */
export function readTicket(response: { headers: { get(name: string): string | null } }): Ticket | undefined {
  return response.headers.get(TICKET_HEADER) ?? undefined;
}

/** A Response in the making, as plain data: core has no DOM. */
export interface ResponseParts {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The 202 that stands in for the answer of the service. */
export function receiptParts(receipt: Receipt): ResponseParts {
  return {
    status: 202,
    headers: {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      [TICKET_HEADER]: receipt.ticket,
    },
    body: JSON.stringify(receipt),
  };
}

/** A refusal as `application/problem+json` (RFC 9457). */
export function refusalParts({ retryAfterSeconds, ...problem }: Refusal): ResponseParts {
  return {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({ type: 'about:blank', ...problem }),
  };
}
