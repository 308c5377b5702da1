import { expose } from 'comlink';
import { beforeEach, expect, test } from 'vitest';
import { PROTOCOL } from '../core/messages.js';
import { linkToWorker, type WorkerLink } from './host-link.js';

let running: number;
let started: number;
let link: WorkerLink;

function spawn(): Worker {
  const { port1, port2 } = new MessageChannel();
  started += 1;
  running += 1;
  expose({ hello: () => ({ protocol: PROTOCOL, name: 'shop', engine: `engine-${started}` }) }, port2);
  const terminate = (): void => {
    running -= 1;
    port2.close();
  };
  return Object.assign(port1, { terminate }) as unknown as Worker;
}

beforeEach(async () => {
  started = 0;
  running = 0;
  link = await linkToWorker(spawn, 'shop');
});

/** What a page does before its worker starts, until it is told to be done. */
function beforehand(): { first: () => Promise<void>; done: () => void } {
  let done = (): void => undefined;
  const first = new Promise<void>((resolve) => (done = resolve));
  return { first: () => first, done };
}

test('a page that is frozen again while it thaws runs one worker, the one that it can reach', async () => {
  const [one, other] = [beforehand(), beforehand()];
  link.suspend();
  const first = link.resume(one.first);
  link.suspend();
  const second = link.resume(other.first);
  one.done();
  other.done();
  await Promise.all([first, second]);
  expect({ running, started }).toEqual({ running: 1, started: 2 });
  link.suspend();
  expect(running).toBe(0);
});

test('a page that thaws twice runs one worker', async () => {
  await Promise.all([link.resume(async () => undefined), link.resume(async () => undefined)]);
  expect(running).toBe(1);
  link.suspend();
  expect(running).toBe(0);
});

test('a page that is closed while it thaws starts no worker', async () => {
  const { first, done } = beforehand();
  link.suspend();
  const resumed = link.resume(first);
  link.suspend();
  done();
  await resumed;
  expect({ running, started }).toEqual({ running: 0, started: 1 });
});

test('a worker() that throws, or answers none, is a worker that did not start', async () => {
  const failing = (): never => {
    throw new Error('no such script');
  };
  await expect(linkToWorker(failing, 'shop')).rejects.toMatchObject({
    code: 'worker-failed',
    message: expect.stringContaining('no such script'),
  });
  const none = () => undefined as unknown as Worker;
  await expect(linkToWorker(none, 'shop')).rejects.toMatchObject({ code: 'worker-failed' });
});

test('a worker that cannot be started again as the page thaws is one that did not start', async () => {
  let fails = false;
  const flaky = await linkToWorker(() => {
    if (fails) throw new Error('no more workers');
    return spawn();
  }, 'shop');
  fails = true;
  flaky.suspend();
  expect(await flaky.resume(async () => undefined)).toMatchObject({ code: 'worker-failed' });
});
