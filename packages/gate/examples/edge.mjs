import { createGate, memory } from '@sluice/gate';

// In front of a service that stays as it is.
const SERVICE = process.env.SERVICE_URL ?? 'https://service.example';

const send = (request) => {
  const { pathname, search } = new URL(request.url);
  return fetch(new Request(new URL(pathname + search, SERVICE), request));
};

// A fingerprint: the store keeps the name of a caller, and must not keep a token.
const callerOf = async (request) => {
  const token = request.headers.get('authorization');
  if (token === null) return '';
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
};

const gate = await createGate({
  store: memory(), // of this one instance; postgres(pool) where several run
  secret: process.env.GATE_SECRET,
  identity: callerOf,
  queues: {
    orders: {
      match: { url: '/api/*' },
      rate: { limit: 50, perMs: 1000 },
      // Callers that send `Prefer: respond-async` get 202 rather than wait. Their `Authorization` is not stored:
      // this is for a service that does not need it.
      line: {},
    },
  },
  deliver: send,
});

export default { fetch: (request) => gate.handle(request, send) };
