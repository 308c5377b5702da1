import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** @throws Error where PostgreSQL is not here: `npm test` installs it on Debian */
export async function createCluster(settings) {
  const folder = newFolder();
  runAs('initdb', [
    '-D',
    join(folder, 'data'),
    '-U',
    'gate',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--no-locale',
    '--no-sync',
  ]);
  const cluster = clusterIn(folder);
  await cluster.start(settings);
  return cluster;
}

function clusterIn(folder) {
  let server;
  const data = join(folder, 'data');
  const pools = [];
  const cluster = {
    folder,
    pool: (options) => {
      const pool = new pg.Pool({ host: folder, user: 'gate', database: 'postgres', max: 10, ...options });
      // A connection that breaks while it is idle is no failure of a test that kills the server.
      pool.on('error', () => undefined);
      pools.push(pool);
      return pool;
    },
    start: async (settings = {}) => {
      const all = {
        listen_addresses: '',
        unix_socket_directories: folder,
        max_connections: '200',
        ...settings,
      };
      const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const launch = () =>
        spawn(binary('postgres'), ['-D', data, ...args], { ...USER, stdio: ['ignore', 'ignore', 'pipe'] });
      server = launch();
      // Until the last process of one that was killed has left its shared memory, the next one refuses to start.
      while ((await readyFrom(server)) === 'too-early') server = launch();
    },
    kill: async () => {
      if (!server || server.exitCode !== null || server.signalCode !== null) return;
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
    },
    standby: async () => {
      const primary = cluster.pool();
      const other = newFolder();
      const target = join(other, 'data');
      runAs('pg_basebackup', [
        '-h',
        folder,
        '-U',
        'gate',
        '-D',
        target,
        '-R',
        '-X',
        'stream',
        '-c',
        'fast',
        '--no-sync',
      ]);
      const standby = clusterIn(other);
      await untilCommitsWait(primary);
      await standby.start();
      await primary.query(SOME_COMMIT);
      return standby;
    },
    promote: async () => {
      runAs('pg_ctl', ['promote', '-w', '-D', data]);
    },
    remove: async () => {
      await Promise.all(pools.map((pool) => pool.end().catch(() => undefined)));
      if (server && server.exitCode === null && server.signalCode === null) {
        const gone = once(server, 'exit');
        server.kill('SIGQUIT');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return cluster;
}

/** It writes something: a commit that does not waits for no standby. */
const SOME_COMMIT = "SELECT pg_logical_emit_message(true, '', '')";

/**
 * Called before the standby starts, so that a commit is seen to wait. `sync` in `pg_stat_replication` proves less: commits wait only once
 * the checkpointer has read the setting.
 */
async function untilCommitsWait(primary) {
  await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'");
  await primary.query('SELECT pg_reload_conf()');
  while (!(await waitsForStandby(primary)));
}

/** Whether a commit waits. That one ends once the standby is there. */
async function waitsForStandby(primary) {
  const commit = { isOver: false };
  const end = () => {
    commit.isOver = true;
  };
  primary.query(SOME_COMMIT).then(end, end);
  while (!commit.isOver) {
    const { rows } = await primary.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    if (rows.length > 0) return true;
  }
  return false;
}

/** PostgreSQL does not run as root: it gets the user of its Debian package, or nobody. */
const USER = userForServer();

function userForServer() {
  if (process.getuid?.() !== 0) return {};
  try {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return { uid: 65_534, gid: 65_534 };
  }
}

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pg-'));
  if (USER.uid !== undefined && USER.gid !== undefined) chownSync(folder, USER.uid, USER.gid);
  return folder;
}

function runAs(command, args) {
  execFileSync(binary(command), args, { ...USER, stdio: ['ignore', 'ignore', 'inherit'] });
}

const VERSIONS = '/usr/lib/postgresql';

/** Debian keeps them out of PATH, one folder for each version. */
function binary(name) {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(VERSIONS, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found) return found;
  throw new Error(
    `${name} of PostgreSQL is missing. Install it (Debian: apt-get install postgresql), or put it in PATH.`,
  );
}

/** Resolves at the line that says that connections are taken, which it says on stderr. */
function readyFrom(server) {
  return new Promise((resolve, reject) => {
    let log = '';
    server.stderr?.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000);
      if (/database system is ready to accept/.test(log)) resolve('ready');
    });
    server.once('error', reject);
    server.once('close', (code) => {
      if (/pre-existing shared memory block|lock file .* already exists/.test(log)) resolve('too-early');
      else reject(new Error(`postgres ended with ${code}:\n${log}`));
    });
  });
}
