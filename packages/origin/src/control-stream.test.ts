import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { streamChanges } from './control-stream.js';
import { closePort, openPort } from './listen.js';
import { createRecord } from './record.js';

test('stops listening to the record when the reader leaves', async () => {
  const stops = new EventTarget();
  const record = { ...createRecord(), on: () => () => void stops.dispatchEvent(new Event('stop')) };
  const server = createServer((_, response) => streamChanges(record, response));
  onTestFinished(() => closePort(server));
  const port = await openPort(server, 0);

  const leaving = new AbortController();
  expect((await fetch(`http://127.0.0.1:${port}`, { signal: leaving.signal })).status).toBe(200);
  const stopped = once(stops, 'stop');
  leaving.abort();
  await stopped;
});
