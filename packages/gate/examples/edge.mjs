import { createGate, memory } from '@sluice/gate';

// In front of a service that stays as it is.
const SERVICE = process.env.SERVICE_URL ?? 'https://service.example';

const send = (request) => {
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(new URL(pathname + search, SERVICE), request));
};

const gate = await createGate({
  store: memory(), // of this one instance; postgres(pool) where several run
  secret: process.env.GATE_SECRET,
  identity: (request) => request.headers.get('authorization') ?? '',
  queues: {
    orders: {
      match: { url: '/api/*' },
      rate: { limit: 50, perMs: 1000 },
      line: {}, // callers that send `Prefer: respond-async` get 202 rather than wait
    },
  },
  deliver: send,
});

export default { fetch: (request) => gate.handle(request, send) };
