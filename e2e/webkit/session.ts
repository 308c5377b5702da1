import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { findWebKit } from '../../scripts/browsers.mjs';
// @ts-expect-error the same
import { startOnDisplay } from '../../scripts/display.mjs';

/** A WebKitGTK with a profile of its own, driven over W3C WebDriver: Playwright's own WebKit is another build. */
export interface Session {
  ask<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T>;
  end(): Promise<void>;
}

/** What `startOnDisplay` answers. */
export interface OnDisplay {
  child: ChildProcess;
  end(): Promise<void>;
}

export async function startSession(): Promise<Session> {
  const { driver, browser } = findWebKit() as { driver: string; browser: string };
  const home = mkdtempSync(join(tmpdir(), 'sluice-webkit-'));
  const port = await freePort();
  const args = [`--port=${port}`, '--host=127.0.0.1'];
  const started = (await startOnDisplay(driver, args, environment(home))) as OnDisplay;
  const end = async (): Promise<void> => {
    await started.end();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const base = `http://127.0.0.1:${port}`;
  try {
    await untilUp(base, started.child);
    const options = { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } };
    const capabilities = { alwaysMatch: options };
    const { sessionId } = await ask<{ sessionId: string }>(`${base}/session`, 'POST', { capabilities });
    return { ask: (method, path, body) => ask(`${base}/session/${sessionId}${path}`, method, body), end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function ask<T>(url: string, method: string, body: object = {}): Promise<T> {
  const response = await fetch(url, { method, ...(method === 'POST' ? { body: JSON.stringify(body) } : {}) });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (value?.error) throw new Error(`WebKitWebDriver: ${value.error}: ${value.message}`);
  return value;
}

async function untilUp(base: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const status = await fetch(`${base}/status`).catch(() => undefined);
    if (status?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('WebKitWebDriver has ended at its start');
}

/** As root WebKit has no sandbox; all that it writes stays in the profile. */
export function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HOME: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_RUNTIME_DIR: home,
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
