/**
 * What `callback` throws is an uncaught error of its own, and goes no further: what is told of has happened, and must not be
 * undone, or repeated, for whoever listens.
 */
export function isolated<T extends unknown[]>(callback: (...told: T) => void): (...told: T) => void {
  return (...told) => {
    try {
      callback(...told);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
