// The same script further down: it may not control what lies above it.
export { default } from '../short/sluice.js';
