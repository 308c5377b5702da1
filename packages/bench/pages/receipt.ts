let given = 0;

/** As large as one of Sluice, and the cheapest way to give it: a string as a body would go through a blob. */
export function receipt(): Response {
  given += 1;
  const ticket = `orders-${given}-0123abcd`;
  const told = { ticket, queue: 'orders', state: 'waiting', depth: given, estimatedStartAt: Date.now() };
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(JSON.stringify(told)));
      controller.close();
    },
  });
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Sluice-Ticket', ticket],
    ['Location', `${location.origin}/sluice-jobs/${ticket}`],
  ];
  return new Response(body, { status: 202, headers });
}
