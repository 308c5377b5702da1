import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, answerTo, isRefusal, refusal } from './answer.js';
import type { Arrival, Outcome } from './arrival.js';
import type { Overload } from './behaviour.js';
import { readBody } from './body.js';
import { now } from './clock.js';
import { corsFields, isPreflight, preflightFields } from './cors.js';
import type { Service } from './service.js';

/** One request to the service, from its receipt to its answer or its lack of one. */
export async function exchange(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (isPreflight(request)) {
    response.writeHead(204, service.behaviour.cors ? preflightFields(request.headers) : {}).end();
    return;
  }
  const arrival = service.record.receive(request);
  const whole = await readBody(request, arrival);
  if (!whole || isGone(response)) return service.record.settle(arrival, 'reset');
  service.record.complete(arrival);
  await serve(service, arrival, response);
}

async function serve(service: Service, arrival: Arrival, response: ServerResponse): Promise<void> {
  const settle = (outcome: Outcome, status?: number): void => service.record.settle(arrival, outcome, status);
  const refuse = (status: number, retryAfter: string | undefined): void =>
    settle('rejected', send(service, refusal(status, retryAfter), response));

  const fault = service.faultFor(arrival);
  if (fault?.kind === 'status') return refuse(fault.status, fault.retryAfter);
  if (fault?.kind === 'reset') {
    response.req.socket.resetAndDestroy();
    return settle('reset');
  }

  const place = service.enter();
  if (typeof place === 'number') return refuse(place, retryAfterOf(service.behaviour.overload));
  if (!(await place)) return settle('reset');

  const { work, replayed } = service.work(arrival);
  const outcome = replayed ? 'duplicate' : isRefusal(work) ? 'rejected' : undefined;
  if (fault?.kind === 'drop') return settle(outcome ?? 'dropped');
  if (fault?.kind === 'hold') await Promise.race([service.nextFault(), gone(response)]);
  await pause(service.behaviour.baseLatencyMs + (fault?.kind === 'delay' ? fault.ms : 0), response);

  const answer = answerTo(work);
  if (replayed) answer.headers['idempotency-replayed'] = 'true';
  const status = send(service, answer, response);
  settle(outcome ?? (status === undefined ? 'dropped' : 'accepted'), status);
}

/** Answers the status that left, or undefined where there is nobody left to answer. */
function send(
  service: Service,
  { status, headers, body }: Answer,
  response: ServerResponse,
): number | undefined {
  if (isGone(response)) return undefined;
  const fields = {
    'cache-control': 'no-store',
    ...(service.behaviour.cors ? corsFields(response.req.headers) : {}),
    ...service.limitFields(),
  };
  response.writeHead(status, { ...fields, ...headers }).end(body);
  return status;
}

/** Resolves after `ms`, or at once when the connection ends. */
function pause(ms: number, response: ServerResponse): Promise<void> {
  if (ms === 0 || isGone(response)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function gone(response: ServerResponse): Promise<void> {
  if (isGone(response)) return Promise.resolve();
  return new Promise((resolve) => response.once('close', resolve));
}

function isGone(response: ServerResponse): boolean {
  // The socket knows first: the response hears of it an event later.
  return response.destroyed || response.req.socket.destroyed;
}

function retryAfterOf({ retryAfter }: Overload): string | undefined {
  return typeof retryAfter === 'function' ? retryAfter(now()) : retryAfter;
}
