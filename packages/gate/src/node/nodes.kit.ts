import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { QueueConfig } from '../core/config.js';

/** Where a node may stop, for ever: the test kills it there. */
export type StopPoint = 'hold' | 'send' | 'effect' | 'committed' | 'settle' | 'answer';

export interface NodeProcess {
  readonly url: string;
  /** Resolves once it has stopped, so many times. */
  stopped(times?: number): Promise<void>;
  /** `kill -9` */
  kill(): void;
}

export interface NodeProcessOptions {
  host: string;
  queue?: Omit<QueueConfig, 'match'>;
  service: 'once' | 'forward';
  forwardTo?: string;
  stopAt?: StopPoint;
}

const PROGRAM = join(import.meta.dirname, '../../test/node.mjs');

/** Starts a node of a service behind the gate. It is killed when the test ends. */
export async function startNode(options: NodeProcessOptions): Promise<NodeProcess> {
  const given = JSON.stringify({ secret: 'a secret of the tests, 32 characters', ...options });
  const child = spawn(process.execPath, [PROGRAM, given], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const nextLine = linesOf(child);
  const port = await nextLine();
  return {
    url: `http://127.0.0.1:${port}`,
    stopped: async (times = 1) => {
      for (let n = 0; n < times; n += 1) await nextLine();
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Lines of its standard output, one after the other; empty ones once it has ended. */
function linesOf(child: ChildProcess): () => Promise<string> {
  if (!child.stdout) throw new Error('the node has no standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const next = await lines.next();
    return next.done ? '' : next.value;
  };
}
