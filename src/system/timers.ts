/** Named timers: arming one again moves it. */
import type { Timer } from "../supervisor/messages.ts";

/** setTimeout's longest delay; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

export interface Timers {
  arm(timer: Timer, delayMs: number): void;
  cancel(timer: Timer): void;
  /** Cancel all, and let the event loop end. */
  close(): void;
}

export function createTimers(onFire: (timer: Timer) => void): Timers {
  // Without a timer Bun was measured to spin at full load: signal handlers do not keep its event loop waiting.
  const keepWaiting = setInterval(() => undefined, LONGEST_MS);
  const armed = new Map<Timer, ReturnType<typeof setTimeout>>();
  const cancel = (timer: Timer): void => {
    clearTimeout(armed.get(timer));
    armed.delete(timer);
  };
  const arm = (timer: Timer, delayMs: number): void => {
    cancel(timer);
    const nowMs = Math.min(delayMs, LONGEST_MS);
    const fire = (): void => {
      armed.delete(timer);
      if (delayMs > nowMs) arm(timer, delayMs - nowMs);
      else onFire(timer);
    };
    armed.set(timer, setTimeout(fire, nowMs));
  };
  return {
    arm,
    cancel,
    close: () => {
      for (const timer of armed.keys()) cancel(timer);
      clearInterval(keepWaiting);
    },
  };
}
