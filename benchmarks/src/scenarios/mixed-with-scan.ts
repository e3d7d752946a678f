import { setTimeout as sleep } from 'node:timers/promises';
import { drive } from '../measure/drive.ts';
import { DURABLE, type Run, type Scenario } from '../scenario.ts';

const IN_FLIGHT = 64;
const SCANS = 2;

/** Four reads for each update, while another caller sometimes scans the whole table. */
export function mixedWithScan(floor: number): Scenario {
  return {
    name: 'mixed-with-scan',
    title: `80 % reads, 20 % updates, ${IN_FLIGHT} in flight, while scans run`,
    engine: 'sqlite',
    unit: 'calls/s',
    target: DURABLE,
    durationFactor: 4,
    floor,
    measure: async (run) => {
      const scans = new Scans(run);
      const scanning = scans.run(run.durationMs);
      const driven = await drive(
        async () => {
          const id = 1 + run.random(run.rows);
          await (run.random(5) === 0 ? run.session.update(id, run.random(65_536)) : run.session.get(id));
          scans.noteCall();
        },
        { inFlight: IN_FLIGHT, durationMs: run.durationMs },
      );
      await scanning;
      const details = scans.figures(driven.calls, driven.elapsedMs);
      return { value: (driven.calls / driven.elapsedMs) * 1000, loop: driven.loop, details };
    },
  };
}

/** Scans the table from time to time, and separates the calls that were answered during a scan. */
class Scans {
  readonly #run: Run;
  #count = 0;
  #isRunning = false;
  #runningMs = 0;
  #callsWhileRunning = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  noteCall(): void {
    if (this.#isRunning) this.#callsWhileRunning += 1;
  }

  async run(durationMs: number): Promise<void> {
    const begin = performance.now();
    while (this.#count < SCANS) {
      await sleep(Math.max(0, begin + (this.#count * durationMs) / SCANS - performance.now()));
      const since = performance.now();
      this.#isRunning = true;
      await this.#run.session.scan();
      this.#isRunning = false;
      this.#runningMs += performance.now() - since;
      this.#count += 1;
    }
  }

  figures(calls: number, elapsedMs: number): Record<string, number> {
    const quietMs = Math.max(1, elapsedMs - this.#runningMs);
    return {
      scanMs: this.#runningMs / this.#count,
      duringScan: (this.#callsWhileRunning / this.#runningMs) * 1000,
      withoutScan: ((calls - this.#callsWhileRunning) / quietMs) * 1000,
    };
  }
}
