/**
 * When to ask again. Views ask the daemon for what they show and are told here when it may have
 * changed; each asks anew, so that what is on screen always comes from one answer.
 */

/** Calls back until it is stopped. */
export type Feed = (changed: () => void) => () => void;

/** Every so often while the page is seen, and at once when it is seen again. */
export function every(milliseconds: number): Feed {
  return (changed) => {
    const tick = () => {
      if (document.visibilityState === 'visible') changed();
    };
    const timer = setInterval(tick, milliseconds);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  };
}

/** Never: for what does not change once it is stored. */
export const never: Feed = () => () => undefined;
