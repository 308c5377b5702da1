import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from './origin.kit.js';

const FILES = {
  'secret.txt': 'not for you',
  'site/index.html': '<h1>home</h1>',
  'site/app.js': 'export {}',
  'site/app.mjs': 'export {}',
  'site/style.css': 'a {}',
  'site/app.js.map': '{}',
  'site/icon.svg': '<svg/>',
  'site/app.webmanifest': '{}',
  'site/core.wasm': '',
  'site/raw.bin': '\u0000',
  'site/a file.txt': 'spaced',
  'site/guide/index.html': '<h1>guide</h1>',
  'site/empty/none.txt': 'no index here',
  'site-secret/index.html': 'not for you',
  'more/app.js': 'hidden by the first folder',
  'more/extra.js': 'export const extra = 1',
};

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'origin-'));
  for (const [name, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
});
afterAll(() => rm(root, { recursive: true }));

const site = () => ({ staticDirs: [join(root, 'site'), join(root, 'more')] });

const TYPES = [
  ['/', 'text/html; charset=utf-8'],
  ['/app.js', 'text/javascript; charset=utf-8'],
  ['/app.mjs', 'text/javascript; charset=utf-8'],
  ['/style.css', 'text/css; charset=utf-8'],
  ['/app.js.map', 'application/json'],
  ['/icon.svg', 'image/svg+xml'],
  ['/app.webmanifest', 'application/manifest+json'],
  ['/core.wasm', 'application/wasm'],
  ['/a%20file.txt?v=1', 'text/plain; charset=utf-8'],
  ['/raw.bin', 'application/octet-stream'],
];

for (const [path, type] of TYPES) {
  test(`serves ${path} as ${type}, never to be cached`, async () => {
    const { status, headers } = await fetch((await start(site())).url + path);
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      type,
      'no-store',
    ]);
  });
}

test('takes the first folder that has the file', async () => {
  const { url } = await start(site());
  expect(await (await fetch(`${url}/app.js`)).text()).toBe('export {}');
  expect(await (await fetch(`${url}/extra.js`)).text()).toBe('export const extra = 1');
});

test('serves the index of a folder under its path with a slash', async () => {
  const { url } = await start(site());
  const response = await fetch(`${url}/guide`);
  expect([response.url, await response.text()]).toEqual([`${url}/guide/`, '<h1>guide</h1>']);
});

test('answers HEAD without a body', async () => {
  const response = await fetch(`${(await start(site())).url}/app.js`, { method: 'HEAD' });
  expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
    200,
    '9',
    '',
  ]);
});

test('adds the header fields of a path', async () => {
  const headers = (path: string): Record<string, string> =>
    path === '/app.js' ? { 'service-worker-allowed': '/', 'cache-control': 'max-age=60' } : {};
  const { url } = await start({ ...site(), headers });
  const script = await fetch(`${url}/app.js`);
  expect(script.headers.get('service-worker-allowed')).toBe('/');
  expect(script.headers.get('cache-control')).toBe('max-age=60');
  expect((await fetch(`${url}/app.mjs`)).headers.get('service-worker-allowed')).toBeNull();
});

const NOWHERE = [
  '/none.js',
  '/empty/',
  '/app.js/',
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/guide/..%2f..%2fsecret.txt',
  '/../site-secret/index.html',
  '/%2Fetc/passwd',
  '/%',
  '/%00',
  '//secret.txt',
];

for (const path of NOWHERE) {
  test(`answers 404 to ${path}`, async () => {
    expect(await rawStatus((await start(site())).port, path)).toBe(404);
  });
}

/** The status for a path that no URL parser has tidied before. */
function rawStatus(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

test('serves nothing without folders, and takes no POST', async () => {
  const { url } = await start();
  expect((await fetch(url)).status).toBe(404);
  expect((await fetch(url, { method: 'POST' })).status).toBe(405);
});
