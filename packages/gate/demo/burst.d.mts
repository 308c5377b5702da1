/** What the service's own record says of one burst. */
export interface BurstRecord {
  answered: number;
  requests: number;
  seconds: number;
  orders: number;
  'orders made twice': number;
  'most in any second': number;
}

export function showBurst(options?: {
  clients?: number;
}): Promise<{ without: BurstRecord; behind: BurstRecord }>;
