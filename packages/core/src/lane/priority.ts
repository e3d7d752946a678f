/** How urgent a call is. Within one priority the order is first come, first served. */
export type Priority = 'high' | 'normal' | 'low';

/** The priorities, most urgent first. */
export const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];
