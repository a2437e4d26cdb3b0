/**
 * When to ask again. Views ask the daemon for what they show and are told here when it may have
 * changed; each asks anew, so that what is on screen always comes from one answer.
 */
import { throttle } from '../series/throttle.ts';

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

/** What `feed` says while the page is seen, at most once in so many milliseconds. */
export function atMost(milliseconds: number, feed: Feed): Feed {
  return (changed) => {
    const tell = throttle(changed, milliseconds);
    const stop = feed(() => {
      if (document.visibilityState === 'visible') tell();
    });
    return () => {
      stop();
      tell.stop();
    };
  };
}

/** What any of them says. */
export function any(...feeds: Feed[]): Feed {
  return (changed) => {
    const stops = feeds.map((feed) => feed(changed));
    return () => stops.forEach((stop) => stop());
  };
}

/** Never: for what does not change once it is stored. */
export const never: Feed = () => () => undefined;
