import { expose } from 'comlink';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SluiceError } from '../core/errors.js';
import { startWorker } from './spawn.js';
import { createWorkerLink, type WorkerLink, type WorkerLinkOptions } from './worker-link.js';

/** What each worker was told of the engine before it. */
let lefts: string[];
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

function spawn(more: object = {}): Worker {
  faults.shift()?.();
  const { port1, port2 } = new MessageChannel();
  started += 1;
  running += 1;
  const hello = { name: 'shop', engine: `engine-${started}`, once: [], long: [], ...more };
  lefts.push('');
  const call = (name: string, ...args: string[]): unknown => {
    if (name === 'hello') lefts.splice(-1, 1, args[2] ?? '');
    return { value: hello };
  };
  expose({ call }, port2);
  die = () => port2.close();
  const terminate = (): void => {
    running -= 1;
    port2.close();
  };
  return Object.assign(port1, { terminate }) as unknown as Worker;
}

function linkTo(start: WorkerLinkOptions['start']): WorkerLink {
  const due = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      pauses.push(ms);
      goOn = resolve;
      signal.addEventListener('abort', () => resolve());
    });
  const tell = (problem: Error | undefined): void =>
    void told.push((problem as SluiceError | undefined)?.code);
  return createWorkerLink({ start, due, tell });
}

const STARTING = { left: '', ended: (): void => undefined, signal: new AbortController().signal };
const fail = (): never => {
  throw new Error('no such script');
};

beforeEach(() => {
  lefts = [];
  started = 0;
  running = 0;
  faults = [];
  told = [];
  pauses = [];
  link = linkTo((starting) => startWorker(() => spawn(), 'shop', starting));
});

afterEach(() => {
  vi.useRealTimers();
  link.suspend();
});

test('a page that is frozen again while it thaws runs one worker, the one that it can reach', async () => {
  await link.resume();
  link.suspend();
  const first = link.resume();
  link.suspend();
  await Promise.all([first, link.resume()]);
  await expect.poll(() => running).toBe(1);
  expect(link.current?.hello.engine).toBe(`engine-${started}`);
  link.suspend();
  expect(running).toBe(0);
});

test('a worker that starts as its page thaws is told of the engine that was frozen; one that replaces a dead one is not', async () => {
  await link.resume();
  link.suspend();
  await link.resume();
  expect(lefts).toEqual(['', 'engine-1']);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  die();
  const asked = link.alive();
  await vi.advanceTimersByTimeAsync(5000);
  await asked;
  vi.useRealTimers();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-3');
  expect(lefts).toEqual(['', 'engine-1', '']);
});

test('a page that is frozen while its worker starts ends it at once', async () => {
  const starting = new Promise<void>((resolve) => faults.push(resolve));
  const resumed = link.resume();
  await starting;
  expect([running, link.current]).toEqual([1, undefined]);
  link.suspend();
  expect(running).toBe(0);
  await resumed;
});

test('a page that thaws twice runs one worker', async () => {
  await Promise.all([link.resume(), link.resume()]);
  await expect.poll(() => running).toBe(1);
  link.suspend();
  expect(running).toBe(0);
});

test('a page that is closed while it thaws runs no worker', async () => {
  await link.resume();
  link.suspend();
  const resumed = link.resume();
  link.suspend();
  await resumed;
  await expect.poll(() => running).toBe(0);
});

test('a worker() that throws, or answers none, is a worker that did not start', async () => {
  await expect(startWorker(fail, 'shop', STARTING)).rejects.toMatchObject({
    code: 'worker-failed',
    message: expect.stringContaining('no such script'),
  });
  const none = () => undefined as unknown as Worker;
  await expect(startWorker(none, 'shop', STARTING)).rejects.toMatchObject({ code: 'worker-failed' });
});

test('a worker that did not start is started again at growing intervals, and the problem ends with it', async () => {
  faults = [fail, fail, fail];
  await link.resume();
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
  await link.resume();
  faults = [fail];
  link.suspend();
  await link.resume();
  expect(told).toEqual([undefined, 'worker-failed']);
  await expect.poll(() => pauses.at(-1)).toBe(1000);
  goOn();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-2');
  expect(told.at(-1)).toBeUndefined();
});

test('a worker that has ended is let go of by the first who asks for it, and another starts at once', async () => {
  await link.resume();
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

test('a worker that has ended is missed where nobody asks for it', async () => {
  await link.resume();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  die();
  expect(pauses).toEqual([30_000]);
  goOn();
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  await expect.poll(() => link.current?.hello.engine).toBe('engine-2');
});

test('a worker of another version is kept, for what has one shape in all of them, and is not started again', async () => {
  const problem = { name: 'SluiceError', message: 'another', code: 'protocol-mismatch' };
  link = linkTo((starting) => startWorker(() => spawn({ problem }), 'shop', starting));
  await link.resume();
  expect(told).toEqual(['protocol-mismatch']);
  expect({ running, pauses }).toEqual({ running: 1, pauses: [] });
});
