/** This machine under a name that browsers do not trust: to a page there it is a site without HTTPS. */
export const INSECURE_HOST = 'insecure.test';
