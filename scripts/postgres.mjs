import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installFromDebian } from './browsers.mjs';

/** Debian keeps the server's programs out of PATH, a folder for each version. */
const VERSIONS = '/usr/lib/postgresql';

/** PostgreSQL's own programs: the tests of the gate start servers with them. @throws Error that says what to do */
export async function requirePostgres() {
  const found = findPostgres() ?? installFromDebian(['postgresql'], findPostgres);
  if (!found)
    throw new Error(
      'postgres is missing: neither in PATH nor in /usr/lib/postgresql. Install it (Debian: apt-get install postgresql).',
    );
  console.log(`postgres: ${found}`);
}

function findPostgres() {
  const versions = existsSync(VERSIONS)
    ? readdirSync(VERSIONS).map((version) => join(VERSIONS, version, 'bin'))
    : [];
  const folders = [...versions, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.map((folder) => join(folder, 'postgres')).find((path) => existsSync(path));
}
