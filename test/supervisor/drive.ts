/** Feeds a core events, in the words of a scenario, and says what it did: one text per effect, in order. */
import type {
  Effect,
  Event,
  SpawnFault,
  StopSignal,
  Timer,
} from "../../src/supervisor/messages.ts";
import type { Settings, State } from "../../src/supervisor/state.ts";
import { boot, step } from "../../src/supervisor/step.ts";
import type { StepConfig } from "../../src/supervisor/turn.ts";

export interface Scenario {
  readonly state: State;
  /** What the boot did. */
  readonly booted: string[];
  hup(): string[];
  stop(signal?: StopSignal): string[];
  /** The spawn in flight brought this pid. With other settings, if the envdir has changed. */
  spawned(pid: number, settings?: Partial<Settings>): string[];
  cannotSpawn(fault: SpawnFault): string[];
  exited(pid: number, status: number, strays?: readonly number[]): string[];
  timer(timer: Timer): string[];
  /** Of the processes asked about, these still hold a socket. */
  holding(of: readonly number[], holding: readonly number[]): string[];
  send(event: Event): string[];
}

/** From the boot on, nothing spawned yet. */
export function start(
  config: Partial<StepConfig> = {},
  settings: Partial<Settings> = {},
): Scenario {
  const whole: StepConfig = {
    intervalMs: 1000,
    signalOnHup: "TERM",
    signalOnTerm: "TERM",
    waitForProgram: false,
    ...config,
  };
  const usual: Settings = { killOldDelaySeconds: 0, autoRestartSeconds: null, ...settings };
  const first = boot(whole, usual);
  let state = first.state;
  const send = (event: Event): string[] => {
    const next = step(whole, state, event);
    state = next.state;
    return describe(next.effects);
  };
  const inFlight = (): number =>
    state.attempt.phase === "spawning" ? state.attempt.number : Number.NaN;
  return {
    get state() {
      return state;
    },
    booted: describe(first.effects),
    hup: () => send({ type: "deployAsked" }),
    stop: (signal = "TERM") => send({ type: "stopAsked", signal }),
    spawned: (pid, changed = {}) =>
      send({
        type: "spawned",
        generation: inFlight(),
        pid,
        settings: { ...usual, ...changed },
      }),
    cannotSpawn: (fault) =>
      send({ type: "spawnFailed", generation: inFlight(), fault, reason: `it is ${fault}` }),
    exited: (pid, status, strays = []) => send({ type: "exited", pid, status, strays }),
    timer: (timer) => send({ type: "timerFired", timer }),
    holding: (of, holding) => send({ type: "straysSeen", of, holding }),
    send,
  };
}

/** Worker 101 is current, and nothing else is going on. */
export function serving(
  config: Partial<StepConfig> = {},
  settings: Partial<Settings> = {},
): Scenario {
  const scenario = start(config, settings);
  scenario.spawned(101);
  if (scenario.state.attempt.phase === "proving") scenario.timer("prove");
  scenario.timer("pace");
  return scenario;
}

/** Worker 101 is current, and 102 has been spawned to replace it. */
export function deploying(
  config: Partial<StepConfig> = {},
  settings: Partial<Settings> = {},
): Scenario {
  const scenario = serving(config, settings);
  scenario.hup();
  scenario.spawned(102);
  return scenario;
}

/** Only the lines of the log. */
export function linesOf(effects: readonly string[]): string[] {
  return effects.filter((each) => each.startsWith('"')).map((each) => each.slice(1, -1));
}

/** Timers that are cancelled one after the other are one text. */
function describe(effects: readonly Effect[]): string[] {
  const texts: string[] = [];
  for (const effect of effects) {
    const text = describeOne(effect);
    const before = texts.at(-1);
    if (effect.type === "cancel" && before?.startsWith("cancel ")) {
      texts[texts.length - 1] = `${before} ${effect.timer}`;
    } else texts.push(text);
  }
  return texts;
}

function describeOne(effect: Effect): string {
  switch (effect.type) {
    case "spawn":
      return `spawn ${effect.generation}`;
    case "kill":
      return `kill ${effect.pid} ${effect.signal}`;
    case "arm":
      return `arm ${effect.timer} ${effect.delayMs}`;
    case "cancel":
      return `cancel ${effect.timer}`;
    case "announce":
      return "announce";
    case "log":
      return `"${effect.message}"`;
    case "inspectStrays":
      return `inspect ${effect.pids.join(",")}`;
    case "reopenLog":
      return `reopen log, kept by ${effect.workers.join(",")}`;
    case "exit":
      return `exit ${effect.code}`;
    default:
      return effect satisfies never;
  }
}
