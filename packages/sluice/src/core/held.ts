import type { Answer } from './job.js';
import { refusalParts, type ResponseParts } from './receipt.js';
import type { Outcome } from './views.js';

/** Told where an answer's body was over the cap: status and headers are the service's. */
export const BODY_HEADER = 'Sluice-Body';

/**
 * What a held request is answered once its job has ended; undefined where only the receipt can be: an answer that the
 * browser hides has neither status nor body.
 */
export function heldParts(outcome: Outcome): ResponseParts | undefined {
  switch (outcome.kind) {
    case 'done':
      return partsOf(outcome.response);
    case 'dead':
      return (
        (outcome.response && partsOf(outcome.response)) ??
        refusalParts({
          status: 503,
          code: `dead-${outcome.reason}`,
          title: 'The request was not delivered',
          detail: outcome.detail,
        })
      );
    case 'cancelled':
      return refusalParts({
        status: 503,
        code: `cancelled-${outcome.reason}`,
        title: 'The request was cancelled',
        detail: `It was taken out of the queue: ${outcome.reason}.`,
      });
    case 'unknown':
      return undefined;
  }
}

/** The body is decoded already, whatever its headers say. */
const OF_THE_WIRE = /^(content-encoding|content-length|transfer-encoding)$/i;

function partsOf({ status, statusText, headers, body, bodyOmitted }: Answer): ResponseParts | undefined {
  // No response can have any other (Fetch, "initialize a response").
  if (status < 200 || status > 599) return undefined;
  return {
    status,
    statusText,
    headers: [
      ...headers.filter(([name]) => !OF_THE_WIRE.test(name)),
      ...(bodyOmitted ? [[BODY_HEADER, 'omitted'] as [string, string]] : []),
    ],
    body: body ?? null,
  };
}
