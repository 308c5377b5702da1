/** The present in epoch ms with a fraction. Does not step back when somebody sets the wall clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}
