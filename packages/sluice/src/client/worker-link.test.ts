import { expose } from 'comlink';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SluiceError } from '../core/errors.js';
import { PROTOCOL } from '../core/messages.js';
import { type HostLink, startWorker } from './host-link.js';
import { createWorkerLink, type WorkerLink } from './worker-link.js';

let running: number;
let started: number;
/** What becomes of the next starts, in their order. */
let faults: (() => void)[];
let told: (string | undefined)[];
let pauses: number[];
/** Ends the pause that the link is in. */
let goOn: () => void;
/** The workers end by themselves. */
let die: () => void;
let link: WorkerLink;

function spawn(protocol = PROTOCOL): Worker {
  faults.shift()?.();
  const { port1, port2 } = new MessageChannel();
  started += 1;
  running += 1;
  expose({ hello: () => ({ protocol, name: 'shop', engine: `engine-${started}` }) }, port2);
  die = () => port2.close();
  const terminate = (): void => {
    running -= 1;
    port2.close();
  };
  return Object.assign(port1, { terminate }) as unknown as Worker;
}

function linkTo(start: () => Promise<HostLink>): WorkerLink {
  const due = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      pauses.push(ms);
      goOn = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  const tell = (problem: SluiceError | undefined): void => void told.push(problem?.code);
  return createWorkerLink({ start, due, tell });
}

const atOnce = async (): Promise<void> => undefined;
const fail = (): never => {
  throw new Error('no such script');
};

beforeEach(() => {
  started = 0;
  running = 0;
  faults = [];
  told = [];
  pauses = [];
  link = linkTo(() => startWorker(() => spawn(), 'shop'));
});

afterEach(() => {
  vi.useRealTimers();
  link.suspend();
});

/** What a page does before its worker starts, until it is told to be done. */
function beforehand(): { first: () => Promise<void>; done: () => void } {
  let done = (): void => undefined;
  const first = new Promise<void>((resolve) => (done = resolve));
  return { first: () => first, done };
}

test('a page that is frozen again while it thaws runs one worker, the one that it can reach', async () => {
  await link.resume(atOnce);
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
  await Promise.all([link.resume(atOnce), link.resume(atOnce)]);
  await link.settled;
  expect(running).toBe(1);
  link.suspend();
  expect(running).toBe(0);
});

test('a page that is closed while it thaws starts no worker', async () => {
  await link.resume(atOnce);
  const { first, done } = beforehand();
  link.suspend();
  const resumed = link.resume(first);
  link.suspend();
  done();
  await resumed;
  expect({ running, started }).toEqual({ running: 0, started: 1 });
});

test('a worker() that throws, or answers none, is a worker that did not start', async () => {
  await expect(startWorker(fail, 'shop')).rejects.toMatchObject({
    code: 'worker-failed',
    message: expect.stringContaining('no such script'),
  });
  const none = () => undefined as unknown as Worker;
  await expect(startWorker(none, 'shop')).rejects.toMatchObject({ code: 'worker-failed' });
});

test('a worker that did not start is started again at growing intervals, and the problem ends with it', async () => {
  faults = [fail, fail, fail];
  await link.resume(atOnce);
  for (const count of [1, 2, 3]) {
    expect(link.current).toBeUndefined();
    await expect.poll(() => pauses.length).toBe(count);
    goOn();
  }
  await expect.poll(() => told).toEqual([...Array(3).fill('worker-failed'), undefined]);
  expect(pauses.slice(0, 3)).toEqual([1000, 2000, 4000]);
  expect(link.current?.hello.engine).toBe('engine-1');
});

test('a worker that cannot be started again as the page thaws is started later', async () => {
  await link.resume(atOnce);
  faults = [fail];
  link.suspend();
  await link.resume(atOnce);
  expect(told).toEqual([undefined, 'worker-failed']);
  await expect.poll(() => pauses.at(-1)).toBe(1000);
  goOn();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-2');
  expect(told.at(-1)).toBeUndefined();
});

test('a worker that has ended is let go of by the first who asks for it, and another starts at once', async () => {
  await link.resume(atOnce);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  die();
  const asked = [link.alive(), link.alive()];
  await vi.advanceTimersByTimeAsync(5000);
  expect(await Promise.all(asked)).toEqual([undefined, undefined]);
  vi.useRealTimers();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-2');
  expect(running).toBe(1);
  expect((await link.alive())?.hello.engine).toBe('engine-2');
});

test('what a worker was asked as it ended is answered by an error soon after', async () => {
  await link.resume(atOnce);
  const host = link.current as HostLink;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  die();
  const asked = expect(link.answer(host, host.remote.suspend())).rejects.toMatchObject({ code: 'no-answer' });
  await vi.advanceTimersByTimeAsync(6000);
  await asked;
});

test('a worker that takes long for an answer, and is there, is waited for', async () => {
  await link.resume(atOnce);
  let end = (): void => undefined;
  const slow = new Promise<string>((resolve) => (end = () => resolve('stored')));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked = link.answer(link.current as HostLink, slow);
  for (let i = 0; i < 5; i++) {
    await vi.advanceTimersByTimeAsync(1000);
    await new Promise(setImmediate);
  }
  end();
  expect(await asked).toBe('stored');
});

test('a worker that has ended is missed where nobody asks for it', async () => {
  await link.resume(atOnce);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  die();
  expect(pauses).toEqual([30_000]);
  goOn();
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-2');
});

test('a worker of another version is not started again: it would be the same', async () => {
  link = linkTo(() => startWorker(() => spawn(PROTOCOL + 1), 'shop'));
  await link.resume(atOnce);
  expect(told).toEqual(['protocol-mismatch']);
  expect({ running, pauses }).toEqual({ running: 0, pauses: [] });
});
