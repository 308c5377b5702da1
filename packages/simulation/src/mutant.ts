/** A bug, as a change of the source: what is built here must be caught by a checker. */
export interface Mutant {
  name: string;
  file: string;
  from: string;
  to: string;
  /** Where it shows; the first in which it does is enough. */
  scenarios: readonly string[];
}
