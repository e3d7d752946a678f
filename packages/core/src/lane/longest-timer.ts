/** The longest delay a timer of Node takes, about 25 days; it fires a longer one at once (nodejs.org/api/timers.html). */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
