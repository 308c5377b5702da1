export { type InstallOptions, installSluice } from './install.js';
