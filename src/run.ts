/**
 * The queue between the operating system and the core: takes one event after the other, lets the core
 * decide, performs the effects in order. What an effect leads to comes back as an event.
 *
 * Nothing is thrown out of here: an effect that fails is one log line, and the supervisor carries on.
 */
import { violations } from "./supervisor/invariants.ts";
import type { Effect, Event } from "./supervisor/messages.ts";
import { boot, step } from "./supervisor/step.ts";
import type { Step } from "./supervisor/step.ts";
import type { StepConfig } from "./supervisor/turn.ts";
import type { Settings, State } from "./supervisor/state.ts";
import type { System } from "./system.ts";

/** Where OS callbacks leave their events; they do nothing else. */
export interface Inbox {
  push(event: Event): void;
  /** Called after each push. What was pushed before waits. */
  onPush: (() => void) | null;
  shift(): Event | undefined;
}

export function createInbox(): Inbox {
  const events: Event[] = [];
  const inbox: Inbox = {
    // It cannot pile up: events are taken in the tick that brings them.
    push: (event) => {
      events.push(event);
      inbox.onPush?.();
    },
    onPush: null,
    shift: () => events.shift(),
  };
  return inbox;
}

/** Supervises until a request, or a hopeless first start, ends it. Resolves to the exit code. */
export function run(
  config: StepConfig,
  settings: Settings,
  system: System,
  inbox: Inbox,
): Promise<number> {
  return new Promise((resolve) => {
    let state: State | undefined;
    let busy = false;

    const apply = (next: Step): void => {
      state = next.state;
      for (const rule of violations(state)) system.log("error", `BUG: broken rule: ${rule}`);
      for (const effect of next.effects) {
        try {
          perform(effect, state);
        } catch (error) {
          system.log("error", `BUG: ${effect.type} failed: ${messageOf(error)}`);
          if (effect.type === "spawn") inbox.push(failedSpawn(effect.generation, error));
        }
      }
    };

    const perform = (effect: Effect, current: State): void => {
      switch (effect.type) {
        case "spawn":
          inbox.push(system.spawn(effect.generation));
          return;
        case "kill":
          system.kill(effect.pid, effect.signal);
          return;
        case "arm":
          system.arm(effect.timer, effect.delayMs);
          return;
        case "cancel":
          system.cancel(effect.timer);
          return;
        case "announce":
          system.announce(current);
          return;
        case "log":
          system.log(effect.level, effect.message);
          return;
        case "inspectStrays":
          inbox.push({ type: "straysSeen", of: effect.pids, holding: system.holding(effect.pids) });
          return;
        case "reopenLog":
          system.reopenLog(effect.workers);
          return;
        case "exit":
          resolve(effect.code);
          return;
        default:
          effect satisfies never;
      }
    };

    const decide = (event: Event): void => {
      if (state === undefined) return;
      let next: Step;
      try {
        next = step(config, state, event);
      } catch (error) {
        system.log("error", `BUG: no answer to ${event.type}: ${messageOf(error)}`);
        return;
      }
      apply(next);
    };

    const drain = (): void => {
      // An effect that brings an event at once: the loop that performs it takes the event next.
      if (busy) return;
      busy = true;
      for (let event = inbox.shift(); event !== undefined; event = inbox.shift()) decide(event);
      busy = false;
    };

    busy = true;
    inbox.onPush = drain;
    apply(boot(config, settings));
    busy = false;
    drain();
  });
}

/** A spawn without an answer would be waited for for ever. */
function failedSpawn(generation: number, error: unknown): Event {
  return { type: "spawnFailed", generation, fault: "transient", reason: messageOf(error) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
