/**
 * Whose a job is: a number for each user, given when it is first needed and never again. Nobody has one, too. Whoever is
 * cleared gets another the next time, so that what was under way for the old one finds no owner any more.
 */
export type Owner = number;

/** Nobody's, until nobody's jobs are cleared. */
export const FIRST_OWNER: Owner = 1;

/** Who is signed in, in all contexts of the app. `user` is null for nobody. */
export interface Identity {
  owner: Owner;
  user: string | null;
  /** Epoch ms; 0 where nobody else was before. */
  since: number;
}
