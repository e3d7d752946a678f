import type { Answer } from '../contender.ts';
import { drive } from '../measure/drive.ts';
import type { Measurement, Run } from '../scenario.ts';

/** Measures the calls per second of `inFlight` concurrent callers. */
export async function callsPerSecond(
  run: Run,
  inFlight: number,
  call: () => Answer<unknown>,
): Promise<Measurement> {
  const { calls, elapsedMs, loop, cpu } = await drive(call, { inFlight, durationMs: run.durationMs });
  return { value: (calls / elapsedMs) * 1000, loop, details: { cpuCaller: cpu.caller, cpuAll: cpu.all } };
}

/** Returns `sequential` for one caller. */
export function inFlightName(inFlight: number): string {
  return inFlight === 1 ? 'sequential' : String(inFlight);
}

export function inFlightTitle(inFlight: number): string {
  return inFlight === 1 ? 'sequential' : `${inFlight} in flight`;
}

/** Returns a method that not every contender offers. @throws Error if it is missing. */
export function offered<T>(method: T | undefined): T {
  if (method === undefined) throw new Error('not offered');
  return method;
}
