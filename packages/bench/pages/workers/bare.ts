/** A bare worker: so many fetches, so many at a time, and nothing else. */
declare const self: DedicatedWorkerGlobalScope;

self.addEventListener(
  'message',
  async ({ data }: MessageEvent<{ url: string; count: number; atOnce: number }>) => {
    const { url, count, atOnce } = data;
    let begun = 0;
    const sendNext = async (): Promise<void> => {
      while (begun < count) {
        begun += 1;
        const response = await fetch(url, { method: 'POST', body: 'x'.repeat(200) });
        await response.arrayBuffer();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, sendNext));
    self.postMessage('done');
  },
);

// oxlint-disable-next-line unicorn/require-module-specifiers -- a module: what it declares is its own
export {};
