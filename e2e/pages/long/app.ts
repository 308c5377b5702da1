import * as sluiceRoot from 'sluice';
import { connect } from 'sluice/client';
import type config from './config.js';

const sluice = await connect<typeof config>({
  serviceWorker: '/sw.js',
  worker: () => new Worker(new URL('./sluice.worker.ts', import.meta.url), { type: 'module' }),
});
Object.assign(globalThis, { sluice, sluiceRoot });
