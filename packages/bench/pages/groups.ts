import type { Stored } from '../src/peers.js';
import { openRaw, putAll, read } from './raw.js';

/** As long as Sluice itself waits for company under load. */
const LINGER_MS = 6;

/** The least that a row for each request can cost: what comes within a few milliseconds shares a strict transaction. */
export function createGroups(name: string): (request: Request) => Promise<void> {
  const opening = openRaw(name);
  let waiting: { row: Stored; resolve: () => void }[] = [];
  let isCommitting = false;

  async function commitAll(): Promise<void> {
    isCommitting = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await putAll(
        await opening,
        group.map(({ row }) => row),
      );
      for (const { resolve } of group) resolve();
      if (group.length > 2) await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    }
    isCommitting = false;
  }

  return async (request) => {
    const row = await read(request);
    await new Promise<void>((resolve) => {
      waiting.push({ row, resolve });
      if (!isCommitting) void commitAll();
    });
  };
}
