import { GateError } from '../core/errors.js';
import { type PostgresClient, rowsOf } from './postgres-sql.js';

/** What a server must be configured to, so that what it has confirmed outlives a crash. */
const CHECKS: readonly { setting: string; isFit: (value: string) => boolean; instead: string }[] = [
  { setting: 'fsync', isFit: (value) => value === 'on', instead: 'fsync = on' },
  {
    setting: 'synchronous_commit',
    isFit: (value) => value !== 'off',
    instead:
      'synchronous_commit = on; remote_apply or on with a synchronous standby for a failover that loses nothing',
  },
  { setting: 'full_page_writes', isFit: (value) => value === 'on', instead: 'full_page_writes = on' },
  {
    setting: 'transaction_read_only',
    isFit: (value) => value === 'off',
    instead: 'a primary, and a role whose default_transaction_read_only is off',
  },
];

/** @throws GateError `store-unfit` */
export async function checkServer(client: PostgresClient): Promise<void> {
  const columns = CHECKS.map(({ setting }) => `current_setting('${setting}') AS ${setting}`).join(', ');
  const [settings = {}] = rowsOf(await client.query(`SELECT ${columns}`));
  for (const { setting, isFit, instead } of CHECKS) {
    const value = String(settings[setting]);
    if (!isFit(value)) throw unfit(setting, value, instead);
  }
}

function unfit(setting: string, value: string, instead: string): GateError {
  const sentence = `PostgreSQL runs with ${setting} = ${value}, and would lose what it has confirmed or refuse to write. Use ${instead}.`;
  return new GateError('store-unfit', sentence, { value });
}
