import type { Answer } from './job.js';
import type { Refusal } from './messages.js';
import { refusalParts, type ResponseParts, TICKET_HEADER } from './receipt.js';
import type { Outcome } from './views.js';

/** Told where an answer's body was over the cap: status and headers are the service's. */
export const BODY_HEADER = 'Sluice-Body';

/** The end of a held request: the service's own answer, or a problem that stands for the lack of one. */
export interface Held {
  kind: 'answered' | 'undelivered';
  parts: ResponseParts;
}

type Dead = Extract<Outcome, { kind: 'dead' }>;

/**
 * The answer to a held request whose job has ended; undefined where only the receipt can be: an answer that the browser hides has
 * neither status nor body.
 */
export function heldParts(outcome: Outcome): Held | undefined {
  switch (outcome.kind) {
    case 'done':
      return answered(outcome.response);
    case 'dead':
      return (
        (isAnswer(outcome) && answered(outcome.response)) ||
        undelivered(outcome, {
          code: `dead-${outcome.reason}`,
          title: 'The request was not delivered',
          detail: outcome.detail,
        })
      );
    case 'cancelled':
      return undelivered(outcome, {
        code: `cancelled-${outcome.reason}`,
        title: 'The request was cancelled',
        detail: `It was taken out of the queue: ${outcome.reason}.`,
      });
    case 'unknown':
      return undefined;
  }
}

/** A page would take a 2xx for a success: that of a login page, or of a portal. It gets one only of what the queue has refused. */
function isAnswer(dead: Dead): dead is Dead & Required<Pick<Dead, 'response'>> {
  const { reason, response } = dead;
  if (!response) return false;
  const isOk = response.status >= 200 && response.status <= 299;
  return !isOk || reason === 'rejected' || reason === 'conflict';
}

/** With its ticket: it is not the service's own, and can be redriven. */
function undelivered({ ticket }: Outcome, problem: Omit<Refusal, 'status'>): Held {
  const parts = refusalParts({ status: 503, ...problem });
  return { kind: 'undelivered', parts: { ...parts, headers: [...parts.headers, [TICKET_HEADER, ticket]] } };
}

function answered({ status, statusText, headers, body, bodyOmitted }: Answer): Held | undefined {
  // No response can have any other (Fetch, "initialize a response").
  if (status < 200 || status > 599) return undefined;
  const isDecoded = body !== undefined && headers.some(([name]) => /^content-encoding$/i.test(name));
  const stale = isDecoded || bodyOmitted ? OF_THE_WIRE : /^transfer-encoding$/i;
  const parts: ResponseParts = {
    status,
    statusText,
    headers: [
      ...headers.filter(([name]) => !stale.test(name)),
      ...(bodyOmitted ? [[BODY_HEADER, 'omitted'] as [string, string]] : []),
    ],
    body: body ?? null,
  };
  return { kind: 'answered', parts };
}

/** Of a body that is decoded, or left out. That of an answer without one, as to HEAD, is right. */
const OF_THE_WIRE = /^(content-encoding|content-length|transfer-encoding)$/i;
