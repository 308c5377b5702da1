import { runSluice } from 'sluice/auto';
import { applyFaults, configOf, readSettings } from '../settings.js';

const settings = readSettings();
applyFaults(settings);

export default runSluice(configOf(settings));
