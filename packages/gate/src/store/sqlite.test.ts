import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { onTestFinished } from 'vitest';
import { contract } from './engine.contract.js';
import { sqlite } from './sqlite.js';

contract(
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-sqlite-'));
    const database = new Database(join(folder, 'gate.db'));
    onTestFinished(() => {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const engine = sqlite(database);
    await engine.open(['orders']);
    return { engine, queue: 'orders' };
  },
  { onceExcludes: true },
);
