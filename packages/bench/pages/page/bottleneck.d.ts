/** The build without Redis carries no types of its own. */
declare module 'bottleneck/light.js' {
  export { default } from 'bottleneck';
}
