import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
// @ts-expect-error scripts are plain JavaScript, run before anything is installed
import { CHROMIUM_ARGS, findWebKit, requireBrowser } from '../../scripts/browsers.mjs';
// @ts-expect-error the same
import { killGroup, startOnDisplay } from '../../scripts/display.mjs';
import { environment, type OnDisplay } from '../webkit/session.js';
import { fastSync } from './chromium.js';

/** A browser started by its command line: with no driver attached, service workers live and die as they do for users. */
export interface RawBrowser {
  /** Ends it as a power cut of the process would: SIGKILL to all of its processes, with no chance to write anything. */
  kill(): Promise<void>;
}

type EngineName = 'chromium' | 'firefox' | 'webkit';

export async function startRaw(engine: EngineName, profile: string, url: string): Promise<RawBrowser> {
  if (engine === 'webkit') return startWebKit(profile, url);
  const [command, ...args] = await commandOf(engine, profile, url);
  // A process group of its own, so that one signal reaches all of it.
  const child = spawn(command, args, { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  return { kill: () => killGroup(child) as Promise<void> };
}

/** It has no mode without a window; where its profile lies, the environment says. */
async function startWebKit(profile: string, url: string): Promise<RawBrowser> {
  const { browser } = findWebKit() as { browser: string };
  const { end } = (await startOnDisplay(browser, [url], environment(profile))) as OnDisplay;
  return { kill: end };
}

async function commandOf(
  engine: 'chromium' | 'firefox',
  profile: string,
  url: string,
): Promise<[command: string, ...args: string[]]> {
  const command = (await requireBrowser(engine)) as string;
  if (engine === 'chromium')
    return [command, '--headless', ...CHROMIUM_ARGS, ...fastSync(9), `--user-data-dir=${profile}`, url];
  writeFileSync(join(profile, 'user.js'), FIREFOX_PREFS.map((pref) => `user_pref(${pref});\n`).join(''));
  return [command, '--headless', '--no-remote', '--profile', profile, url];
}

/** No first-run pages, no session restored after a crash, and nothing fetched but from loopback. */
const FIREFOX_PREFS = [
  '"browser.aboutwelcome.enabled", false',
  '"browser.sessionstore.resume_from_crash", false',
  '"browser.shell.checkDefaultBrowser", false',
  '"datareporting.policy.dataSubmissionEnabled", false',
  '"app.normandy.enabled", false',
  '"toolkit.startup.max_resumed_crashes", -1',
  // A proxy that is not there, which loopback does not use.
  '"network.proxy.type", 1',
  '"network.proxy.http", "127.0.0.1"',
  '"network.proxy.http_port", 9',
  '"network.proxy.ssl", "127.0.0.1"',
  '"network.proxy.ssl_port", 9',
];
