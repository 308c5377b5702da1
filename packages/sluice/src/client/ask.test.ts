import { expose } from 'comlink';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SluiceError } from '../core/errors.js';
import { FakeClock } from '../testing/fake-clock.js';
import { type Ask, createAsk } from './ask.js';
import { type Line, openLine } from './line.js';
import { createWorkerLink, type WorkerLink } from './worker-link.js';

let clock: FakeClock;
let link: WorkerLink;
let ask: Ask;
let closing: AbortController;
/** What the next workers do, in their order. */
let workers: ((call: string) => Promise<unknown>)[];
let serviceWorker: ((call: string) => Promise<unknown>) | undefined;
let ports: MessagePort[];

const silent = (): Promise<never> => new Promise(() => undefined);
const answering = (by: string) => async () => ({ value: by });

/** A host that greets, shows that it is there until its port is closed, and does what it is told to. */
async function lineTo(run: (call: string) => Promise<unknown>, ended: () => void): Promise<Line> {
  const { port1, port2 } = new MessageChannel();
  const hello = { name: 'shop', engine: 'e', once: ['cancel'], long: ['news'] };
  const call = (name: string): unknown =>
    name === 'hello' ? { value: hello } : name === 'ping' ? { value: true } : run(name);
  expose({ call }, port2);
  ports.push(port2);
  const end = (): void => {
    port1.close();
    ended();
  };
  return openLine(port1, { name: 'shop', clock, end, ms: 5000 });
}

beforeEach(async () => {
  clock = new FakeClock();
  closing = new AbortController();
  ports = [];
  serviceWorker = undefined;
  workers = [];
  link = createWorkerLink({
    start: async ({ ended }) => {
      const run = workers.shift();
      if (!run) throw new SluiceError('worker-failed', 'no more of them');
      return lineTo(run, ended);
    },
    due: (ms, signal) =>
      new Promise((resolve) => {
        clock.at(clock.now() + ms, resolve);
        signal.addEventListener('abort', () => resolve());
      }),
    tell: () => undefined,
  });
  const toServiceWorker = async (): Promise<Line | undefined> =>
    serviceWorker && lineTo(serviceWorker, () => undefined);
  ask = createAsk({ clock, toServiceWorker, link, closing: closing.signal });
});

afterEach(() => {
  link.suspend();
  for (const port of ports) port.close();
});

/** Time goes on until it is answered. */
async function during<T>(asked: Promise<T>): Promise<T> {
  const state = { isOver: false };
  void asked.catch(() => undefined).finally(() => (state.isOver = true));
  while (!state.isOver) {
    await clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return asked;
}

test('a call that is under way as its host ends is answered by the next', async () => {
  workers = [silent, answering('the second')];
  await link.resume();
  const asked = ask('list');
  ports[0]?.close();
  expect(await during(asked)).toBe('the second');
});

test('a call that must not be made twice rejects by code as its host ends, and is made by no other', async () => {
  const made: string[] = [];
  const second = async (call: string) => void made.push(call);
  workers = [silent, second];
  await link.resume();
  const asked = ask('cancel', 'orders.1.n');
  // It is asked whether it is there before it is asked to cancel.
  await new Promise((resolve) => setTimeout(resolve, 20));
  ports[0]?.close();
  await expect(during(asked)).rejects.toMatchObject({ code: 'host-gone' });
  expect(made).toEqual([]);
});

test('a worker that has ended before it was asked holds up nothing: the next takes it', async () => {
  workers = [silent, answering('the second')];
  await link.resume();
  ports[0]?.close();
  expect(await during(ask('cancel', 'orders.1.n'))).toBe('the second');
});

test('where no worker runs the service worker is asked, each time anew', async () => {
  serviceWorker = answering('the service worker');
  await link.resume();
  expect(await during(ask('list'))).toBe('the service worker');
  expect(await during(ask('cancel'))).toBe('the service worker');
  expect(ports).toHaveLength(2);
});

test('a service worker that is stopped in the middle of a call is started again by the next', async () => {
  const runs = [silent, answering('another run')];
  serviceWorker = () => (runs.shift() as () => Promise<unknown>)();
  await link.resume();
  const asked = ask('list');
  await expect.poll(() => ports.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  ports[0]?.close();
  expect(await during(asked)).toBe('another run');
});

test('where there is neither a worker nor a service worker, that is said', async () => {
  await link.resume();
  await expect(during(ask('list'))).rejects.toMatchObject({ code: 'no-answer', value: undefined });
});

test('a host that is there and never answers is not waited for without end', async () => {
  workers = [silent];
  await link.resume();
  await expect(during(ask('list'))).rejects.toMatchObject({ code: 'no-answer', value: 30_000 });
});

test('what cannot be copied from thread to thread is no argument', async () => {
  workers = [silent];
  await link.resume();
  await expect(ask('setContext', { token: () => 'x' })).rejects.toMatchObject({ code: 'config-invalid' });
});

test('what is under way as the page lets go rejects with that', async () => {
  workers = [silent];
  await link.resume();
  const asked = ask('news');
  await new Promise((resolve) => setTimeout(resolve, 20));
  closing.abort(new SluiceError('closed', 'it was closed'));
  link.suspend();
  await expect(asked).rejects.toMatchObject({ code: 'closed' });
  await expect(ask('list')).rejects.toMatchObject({ code: 'closed' });
});
