import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { createGate, type Gate, type GateOptions, memory } from '../index.js';
import { fastifyHook, listener, middleware } from './index.js';

const SECRET = 'a secret of the tests, 32 characters';

async function gateWith(
  options: Partial<GateOptions<undefined, 'orders'>> = {},
): Promise<Gate<undefined, 'orders'>> {
  const gate = await createGate({
    store: memory(),
    secret: SECRET,
    identity: (request) => request.headers.get('x-user') ?? '',
    queues: { orders: { match: { url: '/api/orders' } } },
    ...options,
  });
  onTestFinished(() => gate.close());
  return gate;
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function order(url: string, key: string, body = '{"item":1}'): Promise<Response> {
  const headers = { 'idempotency-key': key, 'content-type': 'application/json' };
  return fetch(`${url}/api/orders`, { method: 'POST', headers, body });
}

/** Two orders of one key: the effect happens once, and the second answer is the first. */
async function expectOneEffect(url: string, effects: () => number): Promise<void> {
  const first = await order(url, '"one"');
  expect([first.status, first.headers.get('x-service')]).toEqual([201, 'yes']);
  expect(await first.json()).toEqual({ number: 1, item: 1 });
  const again = await order(url, '"one"');
  expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  expect(await again.json()).toEqual({ number: 1, item: 1 });
  expect((await order(url, '"one"', '{"item":2}')).status).toBe(422);
  expect(effects()).toBe(1);
  expect(await (await order(url, '"two"')).json()).toEqual({ number: 2, item: 1 });
}

test('Express: a repeat of a key gets the first answer, and the service is asked once', async () => {
  const gate = await gateWith();
  let effects = 0;
  const app = express();
  app.use(middleware(gate));
  app.use(express.json());
  app.post('/api/orders', (request, response) => {
    effects += 1;
    response.set('x-service', 'yes').status(201).json({ number: effects, item: request.body.item });
  });
  await expectOneEffect(await serve(app), () => effects);
});

test('Fastify: a repeat of a key gets the first answer, and the service is asked once', async () => {
  const gate = await gateWith();
  let effects = 0;
  const app = fastify();
  app.addHook('onRequest', fastifyHook(gate));
  app.post('/api/orders', async (request, reply) => {
    effects += 1;
    return reply
      .header('x-service', 'yes')
      .code(201)
      .send({ number: effects, item: (request.body as { item: number }).item });
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  await expectOneEffect(url, () => effects);
});

test('node:http: a repeat of a key gets the first answer, and the service is asked once', async () => {
  const gate = await gateWith();
  let effects = 0;
  const service = async (request: IncomingMessage): Promise<string> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    return text;
  };
  const url = await serve(
    listener(gate, (request, response) => {
      void service(request).then((text) => {
        effects += 1;
        response.writeHead(201, { 'x-service': 'yes', 'content-type': 'application/json' });
        response.write('{"number":');
        response.end(`${effects},"item":${JSON.parse(text).item}}`);
      });
    }),
  );
  await expectOneEffect(url, () => effects);
});

test('a body that comes in pieces reaches the service as it was sent', async () => {
  const gate = await gateWith();
  const app = express();
  app.use(middleware(gate), express.text({ limit: '1mb' }));
  app.post('/api/orders', (request, response) => void response.send(String(request.body.length)));
  const url = await serve(app);
  const pieces = Array.from('abcdefgh').map((letter) => letter.repeat(50_000));
  const body = new ReadableStream({
    pull: (controller) => {
      const piece = pieces.shift();
      if (piece) controller.enqueue(new TextEncoder().encode(piece));
      else controller.close();
    },
  });
  const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'text/plain' } };
  const answer = await fetch(`${url}/api/orders`, init as RequestInit);
  expect(await answer.text()).toBe('400000');
});

test('an empty body reaches the service', async () => {
  const gate = await gateWith();
  const app = express();
  app.use(middleware(gate), express.json());
  app.post('/api/orders', (request, response) => void response.json({ body: request.body ?? null }));
  const answer = await fetch(`${await serve(app)}/api/orders`, { method: 'POST' });
  expect(await answer.json()).toEqual({ body: null });
});

test('a body over the cap is refused with 413, and the service is not asked', async () => {
  const gate = await gateWith({ queues: { orders: { match: { url: '/api/orders' }, bodyBytes: 1000 } } });
  let effects = 0;
  const url = await serve(
    listener(gate, (_, response) => {
      effects += 1;
      response.end();
    }),
  );
  const answer = await order(url, 'k', 'x'.repeat(1001));
  expect([answer.status, (await answer.json()).code, effects]).toEqual([413, 'body-too-large', 0]);
});

test('what belongs to no queue is not touched', async () => {
  const gate = await gateWith();
  const url = await serve(listener(gate, (request, response) => response.end(request.url)));
  const answer = await fetch(`${url}/other?x=1`, { method: 'POST', headers: { 'idempotency-key': 'k' } });
  expect(await answer.text()).toBe('/other?x=1');
});

test('an answer that is larger than what is kept streams through whole, and a repeat is told so', async () => {
  const gate = await gateWith();
  const url = await serve(
    listener(gate, (_, response) => {
      for (let n = 0; n < 300; n += 1) response.write('x'.repeat(1000));
      response.end();
    }),
  );
  expect((await (await order(url, 'k')).text()).length).toBe(300_000);
  const again = await order(url, 'k');
  expect([again.status, (await again.json()).code]).toEqual([409, 'answer-not-kept']);
});

test('an error of an Express handler frees the key', async () => {
  const gate = await gateWith();
  let tries = 0;
  const app = express();
  app.set('env', 'test');
  app.use(middleware(gate));
  app.post('/api/orders', (_, response) => {
    tries += 1;
    if (tries === 1) throw new Error('the first try fails');
    response.json({ tries });
  });
  const url = await serve(app);
  expect((await order(url, 'k')).status).toBe(500);
  expect(await (await order(url, 'k')).json()).toEqual({ tries: 2 });
});

test('fields that were set in front of the gate are on its own answers too', async () => {
  const gate = await gateWith({
    queues: { orders: { match: { url: '/api/orders' }, idempotency: 'required' } },
  });
  const app = express();
  app.use((_, response, next) => {
    response.set('access-control-allow-origin', '*').set('access-control-expose-headers', 'X-Own');
    next();
  });
  app.use(middleware(gate));
  const answer = await fetch(`${await serve(app)}/api/orders`, {
    method: 'POST',
    headers: { origin: 'http://else.test' },
  });
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([400, '*']);
  expect(answer.headers.get('access-control-expose-headers')).toMatch(/^X-Own, Retry-After/);
});

test('a client that does not consent sees no field of the gate but in a 429', async () => {
  const gate = await gateWith();
  const url = await serve(listener(gate, (_, response) => response.end('done')));
  const answers = [await order(url, 'k'), await order(url, 'k'), await order(url, 'k', 'other')];
  const names = answers.flatMap(({ headers }) => [...headers.keys()]);
  expect(names.filter((name) => name.startsWith('sluice-'))).toEqual([]);
});
