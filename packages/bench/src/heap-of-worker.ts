import type { CDPSession, Page } from '@playwright/test';

/** The worker's own heap, forced clean: used plus what stands behind its buffers. */
export async function heapOfWorker(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId);
    });
  });
  // Not flattened: the only way to a worker through the session of its page.
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const sessionId = await attached;
  return async () => {
    await ask(session, sessionId, 'HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await ask<{ usedSize: number; backingStorageSize?: number }>(
      session,
      sessionId,
      'Runtime.getHeapUsage',
    );
    return usedSize + backingStorageSize;
  };
}

let nextId = 1;

function ask<T>(session: CDPSession, sessionId: string, method: string): Promise<T> {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    const hear = ({ message }: { message: string }): void => {
      const answer = JSON.parse(message) as { id?: number; result: T; error?: { message: string } };
      if (answer.id !== id) return;
      session.off('Target.receivedMessageFromTarget', hear);
      if (answer.error) reject(new Error(answer.error.message));
      else resolve(answer.result);
    };
    session.on('Target.receivedMessageFromTarget', hear);
    void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
  });
}
