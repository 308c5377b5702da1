import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OriginError } from './errors.js';

/** The port can be reached from this machine alone. */
const HOST = '127.0.0.1';

/**
 * Opens the port (0: any free one) and answers its number.
 *
 * @throws OriginError `port-taken`
 */
export async function openPort(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    const sentence = `Port ${port} of ${HOST} is taken. Stop what listens there, or give another port (0: any free one).`;
    throw new OriginError('port-taken', sentence, { value: port, cause });
  }
  return (server.address() as AddressInfo).port;
}

/** Closes the port and destroys every connection, in use or not. */
export async function closePort(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
