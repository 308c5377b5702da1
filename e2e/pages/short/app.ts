import * as sluiceRoot from 'sluice';
import { connect } from 'sluice/client';
import { applyFaults, readSettings } from '../settings.js';

const settings = readSettings();
applyFaults(settings);

const script = new URL(location.href).searchParams.get('script') ?? `/sluice.js${location.search}`;
const scope = new URL(location.href).searchParams.get('scope');
const sluice = await connect(script, {
  ...(settings.name === undefined ? {} : { name: settings.name }),
  ...(scope === null ? {} : { scope }),
});
Object.assign(globalThis, { sluice, sluiceRoot, connect, script });
