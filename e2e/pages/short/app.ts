import * as sluiceRoot from 'sluice';
import { connect } from 'sluice/client';
import { applyFaults, readSettings } from '../settings.js';

const settings = readSettings();
applyFaults(settings);

const script = new URL(location.href).searchParams.get('script') ?? `/sluice.js${location.search}`;
const sluice = await connect(script, settings.name === undefined ? {} : { name: settings.name });
Object.assign(globalThis, { sluice, sluiceRoot, connect, script });
