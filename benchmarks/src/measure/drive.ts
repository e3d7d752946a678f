import type { Answer } from '../contender.ts';
import { LoopDelay, type LoopFigures, nextTurn } from './loop-delay.ts';

/** The result of concurrent callers. */
export interface Driven {
  readonly calls: number;
  readonly elapsedMs: number;
  readonly loop: LoopFigures;
  /** Processor time of one call in microseconds: of the calling thread, and of all threads. */
  readonly cpu: { readonly caller: number; readonly all: number };
  /** The number of failed calls by code, if failures are tolerated. */
  readonly errors: Readonly<Record<string, number>>;
  /** The latency of each call in milliseconds, if requested. */
  readonly latencies: Float64Array;
}

export interface DriveOptions {
  readonly inFlight: number;
  readonly durationMs: number;
  /**
   * Begins each call in its own turn of the event loop, as requests do, and measures it from the time when it should have begun. So a call
   * that waits because another one blocks the loop is a slow call.
   */
  readonly isPaced?: boolean;
  /** Counts failed calls instead of throwing. */
  readonly toleratesErrors?: boolean;
}

/**
 * If the loop has not turned for this long, all callers let it turn. So a synchronous contender is not charged for being called in a tight
 * loop, only for the time that a single call blocks.
 */
const HARNESS_HOLD_MS = 2;

/** Runs `inFlight` concurrent callers until the time is over. */
export async function drive(call: () => Answer<unknown>, options: DriveOptions): Promise<Driven> {
  const { inFlight, durationMs, isPaced = false, toleratesErrors = false } = options;
  const delay = new LoopDelay();
  const errors: Record<string, number> = {};
  const latencies: number[] = [];
  let calls = 0;
  await nextTurn();
  const [callerCpu, allCpu] = [process.threadCpuUsage(), process.cpuUsage()];
  delay.start();
  const since = performance.now();
  let end = since + durationMs;

  const attempt = async (): Promise<void> => {
    try {
      await call();
      calls += 1;
    } catch (error) {
      if (!toleratesErrors) {
        end = 0;
        throw error;
      }
      const code = codeOf(error);
      errors[code] = (errors[code] ?? 0) + 1;
    }
  };
  let turn: Promise<void> | undefined;
  const letLoopTurn = async (): Promise<void> => {
    await nextTurn();
    delay.turnedAt = performance.now();
    turn = undefined;
  };
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < end; now = performance.now()) {
      if (turn === undefined && now - delay.turnedAt > HARNESS_HOLD_MS) turn = letLoopTurn();
      if (turn === undefined) await attempt();
      else await turn;
    }
  };
  const pacedCaller = async (): Promise<void> => {
    for (let wanted = performance.now(); wanted < end; wanted = performance.now()) {
      await nextTurn();
      await attempt();
      latencies.push(performance.now() - wanted);
    }
  };

  await Promise.all(Array.from({ length: inFlight }, isPaced ? pacedCaller : caller));
  const elapsedMs = performance.now() - since;
  const cpu = {
    caller: perCall(process.threadCpuUsage(callerCpu), calls),
    all: perCall(process.cpuUsage(allCpu), calls),
  };
  return { calls, elapsedMs, loop: delay.stop(), cpu, errors, latencies: Float64Array.from(latencies) };
}

function perCall({ user, system }: NodeJS.CpuUsage, calls: number): number {
  return (user + system) / Math.max(1, calls);
}

/** Returns SQLite's or PostgreSQL's own code from the chain of causes, else the first code there. */
function codeOf(error: unknown): string {
  const codes: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code);
  }
  const message = error instanceof Error ? error.message : String(error);
  const hidden = /SQLITE_[A-Z]+|database is locked/.exec(message)?.[0];
  return codes.find((code) => code.startsWith('SQLITE_')) ?? hidden ?? codes[0] ?? message.slice(0, 60);
}
