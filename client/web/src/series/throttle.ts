/** Waiting, so that a test need not wait. */
export interface Timers {
  start: (run: () => void, ms: number) => unknown;
  stop: (timer: unknown) => void;
}

const REAL: Timers = {
  start: (run, ms) => setTimeout(run, ms),
  stop: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/**
 * Calls `run` at once and then at most every `ms`; what was asked for in between happens once at
 * the end of the wait.
 */
export function throttle(
  run: () => void,
  ms: number,
  timers: Timers = REAL,
): { (): void; stop: () => void } {
  let timer: unknown = null;
  let again = false;
  const fire = () => {
    timer = timers.start(() => {
      timer = null;
      if (again) fire();
    }, ms);
    again = false;
    run();
  };
  const call = () => {
    if (timer === null) fire();
    else again = true;
  };
  call.stop = () => {
    if (timer !== null) timers.stop(timer);
    timer = null;
    again = false;
  };
  return call;
}
