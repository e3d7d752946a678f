/** The longest delay that a timer of Node takes, in milliseconds: about 25 days. A timer with a longer delay fires at once (nodejs.org/api/timers.html). */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;
