import { startDrainer } from 'sluice/worker';
import config from './config';

startDrainer(config);
