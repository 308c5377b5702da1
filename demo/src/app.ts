import { connect } from 'sluice/client';
import { startCharts } from './charts.js';
import { startControls } from './controls.js';
import { startCounters } from './counters.js';
import { startJobs } from './jobs.js';
import { showMode } from './mode.js';
import type config from './sluice.js';

const sluice = await connect<typeof config>('/sluice.js');

showMode(sluice);
startControls(sluice);
startCounters(sluice);
startCharts(sluice);
startJobs(sluice);

export type Connection = typeof sluice;
