const EXPOSED = [
  'Retry-After',
  'RateLimit',
  'Sluice-Slot',
  'Sluice-Ticket',
  'Sluice-State',
  'Location',
  'Preference-Applied',
  'Idempotency-Replayed',
];

/** Lets a page of another origin read what the gate says (Fetch, 3.3.5). Whether it may read at all is the service's to say. */
export function exposed(request: Request, response: Response): Response {
  if (!request.headers.has('origin')) return response;
  const headers = new Headers(response.headers);
  headers.append('access-control-expose-headers', EXPOSED.join(', '));
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}
