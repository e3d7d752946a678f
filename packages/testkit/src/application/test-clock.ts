/** A clock that a test moves by hand, for code that gets the time from a function. */
export interface TestClock {
  /** Returns the current time of this clock as a new Date. */
  now(): Date;
  /** Moves the clock by `ms`. A negative value moves it backwards, which real clocks do too. */
  advance(ms: number): void;
  /** Sets the clock to `time`. */
  set(time: Date): void;
}

/** Creates a clock that begins at `start`. Default: 2024-01-01T00:00:00Z. */
export function testClock(start: Date = new Date('2024-01-01T00:00:00Z')): TestClock {
  let time = start.getTime();
  return {
    now: () => new Date(time),
    advance: (ms) => {
      time += ms;
    },
    set: (to) => {
      time = to.getTime();
    },
  };
}
