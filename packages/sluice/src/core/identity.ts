/**
 * Whose a job is: a number for each user, given when it is first needed and never again. Nobody has one, too. A user who was
 * cleared gets another the next time, and so do all users once storage was cleared: what was under way for the old one finds no
 * owner any more.
 */
export type Owner = number;

/** Who is signed in, in all contexts of the app. `user` is null for nobody. */
export interface Identity {
  owner: Owner;
  user: string | null;
  /** Epoch ms; 0 where nobody else was before. */
  since: number;
}
