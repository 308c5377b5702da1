import { readFile, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, resolve, sep } from 'node:path';
import { mediaTypeOf } from './media-types.js';

interface StaticOptions {
  /** Searched in this order. */
  dirs: readonly string[];
  /** Further header fields for a path. */
  headers: (path: string) => Record<string, string>;
}

/** Answers with the file at the request's path, else 404. */
export async function serveFile(
  { dirs, headers }: StaticOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const path = (request.url ?? '').split('?')[0] ?? '';
  const common = { 'cache-control': 'no-store', ...headers(path) };
  const found = await find(dirs, path);
  switch (found?.kind) {
    case 'file':
      // Node tells the length of a body by itself, but not of one that HEAD leaves out.
      response.writeHead(200, {
        'content-type': mediaTypeOf(found.name),
        'content-length': found.content.length,
        ...common,
      });
      response.end(found.content);
      break;
    case 'folder':
      // Without the slash, the relative links of its index would point beside it.
      response.writeHead(302, { location: `${path}/`, ...common }).end();
      break;
    default:
      response
        .writeHead(404, { 'content-type': 'text/plain; charset=utf-8', ...common })
        .end(`Nothing at ${path}\n`);
  }
}

type Found = { kind: 'file'; name: string; content: Buffer } | { kind: 'folder' };

async function find(dirs: readonly string[], path: string): Promise<Found | undefined> {
  for (const dir of dirs) {
    const target = inside(dir, path);
    const stats = target && (await stat(target).catch(() => undefined));
    if (!stats || (stats.isFile() && path.endsWith('/'))) continue;
    const name = stats.isDirectory() ? join(target, 'index.html') : target;
    const content = await readFile(name).catch(() => undefined);
    if (!content) continue;
    return stats.isDirectory() && !path.endsWith('/') ? { kind: 'folder' } : { kind: 'file', name, content };
  }
  return undefined;
}

/** The file that a URL path names below `dir`; undefined for a path that leaves it or cannot be read. */
function inside(dir: string, path: string): string | undefined {
  try {
    const root = resolve(dir);
    const target = resolve(root, `.${decodeURIComponent(path)}`);
    return target === root || target.startsWith(root + sep) ? target : undefined;
  } catch {
    return undefined;
  }
}
