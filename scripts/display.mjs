import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Starts a command in a process group of its own, on a display of its own. `end` kills the whole group at once, and lets the
 * display take its files away. `xvfb-run` would leave them: it clears up after its command alone, not after a signal.
 */
export async function startOnDisplay(command, args, env = process.env) {
  const display = await startDisplay();
  const child = spawn(command, args, {
    detached: true,
    stdio: 'ignore',
    env: { ...env, DISPLAY: display.name },
  });
  const end = async () => {
    await killGroup(child);
    await display.end();
  };
  try {
    await once(child, 'spawn');
  } catch (error) {
    await end();
    throw error;
  }
  return { child, end };
}

/** SIGKILL to a process and all that it has started. */
export async function killGroup(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

/** It looks for a free number by itself, and says which on descriptor 3. */
async function startDisplay() {
  const args = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  await once(server, 'spawn');
  const exited = once(server, 'exit');
  const number = (await text(server.stdio[3])).trim();
  if (!number) throw new Error(`Xvfb has ended at its start, with ${(await exited)[0]}`);
  return {
    name: `:${number}`,
    end: async () => {
      server.kill('SIGTERM');
      await exited;
    },
  };
}
