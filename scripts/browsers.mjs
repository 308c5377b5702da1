import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The browsers that the tests need: how to name one, where it may be, and the Debian package that brings it. */
const BROWSERS = {
  chromium: {
    variable: 'CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    debianPackage: 'chromium',
  },
  firefox: {
    variable: 'FIREFOX_PATH',
    commands: ['firefox-esr', 'firefox'],
    debianPackage: 'firefox-esr',
  },
};

/** Chromium as root has no sandbox; the rest keeps it from talking to anybody but us. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * The path of a browser, or undefined: the variable, the system's, then Playwright's own download.
 *
 * @throws Error where the variable names no executable
 */
async function findBrowser(name) {
  const { variable, commands } = BROWSERS[name];
  const named = process.env[variable];
  if (named && !isExecutable(named))
    throw new Error(`${variable} (given ${named}): no such executable. Name one, or unset it.`);
  if (named) return named;
  return commands.map(inPath).find(Boolean) ?? (await playwrightsOwn(name));
}

/** How Playwright starts it. @throws Error naming the browser and what to do */
export async function launchOptions(name) {
  const executablePath = await requireBrowser(name);
  if (name === 'chromium') return { executablePath, headless: true, args: CHROMIUM_ARGS };
  // `moz-firefox` is stock Firefox over WebDriver BiDi: Playwright's patched build is not needed.
  return { executablePath, headless: true, channel: 'moz-firefox' };
}

/** @throws Error naming the browser and what to do */
export async function requireBrowser(name) {
  const { variable, commands, debianPackage } = BROWSERS[name];
  const install = () => installFromDebian([debianPackage], () => commands.map(inPath).find(Boolean));
  const found = (await findBrowser(name)) ?? install();
  if (found) return found;
  throw new Error(
    `${name} is missing: neither ${variable}, nor ${commands.join(', ')} in PATH, nor Playwright's download.\n` +
      `Install it (Debian: apt-get install ${debianPackage}; elsewhere: npx playwright install ${name}) ` +
      `or point ${variable} to it.`,
  );
}

/** WebKitGTK's driver and the browser that it drives, brought from Debian where that can be; undefined where there is none. */
export function findOrInstallWebKit() {
  return findWebKit() ?? installFromDebian(['webkit2gtk-driver', 'xvfb'], findWebKit);
}

export function findWebKit() {
  const driver = inPath('WebKitWebDriver');
  const browser = MINI_BROWSERS.find(isExecutable);
  return driver && browser && inPath('Xvfb') ? { driver, browser } : undefined;
}

const MINI_BROWSERS = ['4.1', '6.0', '4.0'].flatMap((version) =>
  ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/webkit2gtk-${version}/MiniBrowser`),
);

/** What `find` finds once the packages are there; undefined where they cannot be brought. */
export function installFromDebian(packages, find) {
  const isDebian = existsSync('/etc/debian_version') && process.getuid?.() === 0 && inPath('apt-get');
  if (!isDebian) return undefined;
  console.log(`installing from Debian: ${packages.join(', ')}`);
  const run = (...args) =>
    execFileSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env: APT_ENV });
  try {
    run('update');
    run('install', '-y', '--no-install-recommends', ...packages);
  } catch (error) {
    console.error(`apt-get could not install ${packages.join(', ')}: ${error.message}`);
  }
  return find();
}

const APT_ENV = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };

async function playwrightsOwn(name) {
  const playwright = await import('playwright').catch(() => undefined);
  const path = playwright?.[name].executablePath();
  return path && isExecutable(path) ? path : undefined;
}

function inPath(command) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
