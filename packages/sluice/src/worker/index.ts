export { startDrainer } from './start-drainer.js';
