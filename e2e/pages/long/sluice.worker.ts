import { startDrainer } from 'sluice/worker';
import config from './config.js';

startDrainer(config);
