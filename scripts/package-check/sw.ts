import { installSluice } from 'sluice/service-worker';
import config from './config';

installSluice(config);
