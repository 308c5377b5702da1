import type { HeaderPairs, Ticket } from './job.js';
import type { Receipt, Refusal } from './messages.js';

/** The header of a receipt that carries its ticket. */
export const TICKET_HEADER = 'Sluice-Ticket';

/** The ticket that a response carries, or undefined: then it is the service's own answer. */
export function readTicket(response: { headers: { get(name: string): string | null } }): Ticket | undefined {
  return response.headers.get(TICKET_HEADER) ?? undefined;
}

/** Under it stands how each job is doing. */
export const STATUS_PATH = '/sluice-jobs/';

/** Where a receipt points to. The service worker answers there how the job stands. */
export function statusPath(ticket: Ticket): string {
  return STATUS_PATH + ticket;
}

/** Where a page asks the service worker of an app to read anew who is signed in. */
export function identityPath(name: string): string {
  return `${STATUS_PATH}~${name}`;
}

/** A worker that is about to lead asks there that what others had under way is carried on. */
export function seatPath(name: string): string {
  return `${identityPath(name)}/seat`;
}

/** What a URL of this origin asks of us: how the job of a ticket stands, or, after a `~`, something of the app. */
export function askedAt(url: string, origin: string): string | undefined {
  const prefix = origin + STATUS_PATH;
  return url.startsWith(prefix) ? url.slice(prefix.length) : undefined;
}

/** The status of what rejects, as `fetch` does for a network error (Fetch, "network error"). */
export const NETWORK_ERROR = 0;

/** A Response in the making, as plain data: core has no DOM, and it crosses threads. */
export interface ResponseParts {
  status: number;
  statusText?: string;
  headers: HeaderPairs;
  body: string | ArrayBuffer | null;
}

/** What a queue may make of a receipt, in place of the 202 with JSON. What is left out stays. */
export interface ReceiptChange {
  status?: number;
  headers?: readonly (readonly [name: string, value: string])[];
  body?: string;
}

/** The 202 that stands in for the answer of the service. */
export function receiptParts(
  receipt: Receipt,
  { change = {}, applied, link }: { change?: ReceiptChange; applied: string | undefined; link: string },
): ResponseParts {
  const { status = 202, headers = [['Content-Type', 'application/json']], body } = change;
  return {
    status,
    headers: [
      ...headers.map(([name, value]): [string, string] => [name, value]),
      [TICKET_HEADER, receipt.ticket],
      // RFC 9110, 15.3.3: a 202 ought to point to where its state can be seen.
      ['Location', link],
      ...(applied === undefined ? [] : [['Preference-Applied', applied] as [string, string]]),
    ],
    body: body ?? JSON.stringify(receipt),
  };
}

/** The 303 of a form that was sent by navigation: the page that the queue names, which is told the ticket. */
export function redirectParts(receipt: Receipt, to: string): ResponseParts {
  const url = new URL(to);
  url.searchParams.set('sluice-ticket', receipt.ticket);
  return { status: 303, headers: [['Location', url.href]], body: null };
}

/** A refusal as `application/problem+json` (RFC 9457). */
export function refusalParts({ retryAfterSeconds, ...problem }: Refusal): ResponseParts {
  return {
    status: problem.status,
    headers: [
      ['Content-Type', 'application/problem+json'],
      ...(retryAfterSeconds === undefined
        ? []
        : [['Retry-After', String(retryAfterSeconds)] as [string, string]]),
    ],
    body: JSON.stringify({ type: 'about:blank', ...problem }),
  };
}
