/** Signals to events. ALRM is caught because Server::Starter catches it, and does nothing with it. */
import type { Event } from "../supervisor/messages.ts";

const requests: Readonly<Record<string, Event | null>> = {
  SIGHUP: { type: "deployAsked" },
  SIGTERM: { type: "stopAsked", signal: "TERM" },
  SIGINT: { type: "stopAsked", signal: "INT" },
  SIGQUIT: { type: "stopAsked", signal: "QUIT" },
  SIGUSR1: { type: "reopenAsked" },
  SIGUSR2: { type: "upgradeAsked" },
  SIGALRM: null,
};

export interface Signals {
  /** Told when children may have died. */
  onChild: () => void;
  /** Give every signal its old meaning back. */
  uninstall(): void;
}

/** From here on no signal kills us. Installed before the first child, so that no exit status is lost. */
export function installSignals(push: (event: Event) => void): Signals {
  const signals: Signals = { onChild: () => undefined, uninstall: () => undefined };
  const handlers = Object.entries(requests).map(([name, event]) => ({
    name: name as NodeJS.Signals,
    handler: () => {
      if (event !== null) push(event);
    },
  }));
  handlers.push({ name: "SIGCHLD", handler: () => signals.onChild() });
  for (const { name, handler } of handlers) process.on(name, handler);
  signals.uninstall = () => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
  return signals;
}
