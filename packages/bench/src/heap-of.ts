import type { CDPSession, Page } from '@playwright/test';

/** The heap of one context, forced clean, in bytes: used plus what stands behind its buffers. */
export type Heap = () => Promise<number>;

export async function heapOfWorker(page: Page): Promise<Heap> {
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
  return heapOf(session, await attached);
}

/** Of the one that was started first for the site of this page. */
export async function heapOfServiceWorker(page: Page): Promise<Heap> {
  const session = await page.context().browser()?.newBrowserCDPSession();
  if (!session) throw new Error('the browser of this page is not at hand');
  const { targetInfos } = await session.send('Target.getTargets');
  const { origin } = new URL(page.url());
  const target = targetInfos.find(({ type, url }) => type === 'service_worker' && url.startsWith(origin));
  if (!target) throw new Error(`no service worker runs for ${origin}`);
  const { sessionId } = await session.send('Target.attachToTarget', {
    targetId: target.targetId,
    flatten: false,
  });
  return heapOf(session, sessionId);
}

function heapOf(session: CDPSession, sessionId: string): Heap {
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
