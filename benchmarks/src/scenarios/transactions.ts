import type { Engine, Isolation } from '../contender.ts';
import { DURABLE, type Scenario } from '../scenario.ts';
import { callsPerSecond, offered } from './calls.ts';

const IN_FLIGHT = 64;
/** Few rows, so that serializable transactions conflict on a server with concurrent writers. */
const CONTENDED_ROWS = 10;

/** The usual warm-up runs a few thousand PostgreSQL transactions. A client's code needs several times as many until it is compiled. */
const POSTGRES_WARM_UP = 4;

/** One transaction with an insert and two updates, which are known beforehand. */
export function batch(engine: Engine, floor: number): Scenario {
  return {
    name: 'transaction-batch',
    title: `3-statement transaction as a batch, ${IN_FLIGHT} in flight`,
    engine,
    unit: 'transactions/s',
    target: DURABLE,
    floor,
    measure: async (run) => {
      const { session } = run;
      const call = offered(session.batch?.bind(session));
      const anyId = (): number => 1 + run.random(run.rows);
      return callsPerSecond(run, IN_FLIGHT, () => call(run.nextItem(), anyId(), anyId()));
    },
  };
}

/** One transaction with an insert, a read, and an update that depends on the read. */
export function transaction(engine: Engine, isolation: Isolation, floor: number): Scenario {
  const isContended = engine === 'postgres' && isolation === 'serializable';
  const level =
    engine === 'postgres' ? `, ${isolation}${isContended ? ` on ${CONTENDED_ROWS} rows` : ''}` : '';
  return {
    name: engine === 'postgres' ? `transaction-${isolation.replace(' ', '-')}` : 'transaction-interactive',
    title: `3-statement transaction, interactive${level}, ${IN_FLIGHT} in flight`,
    engine,
    unit: 'transactions/s',
    target: DURABLE,
    ...(engine === 'postgres' ? { warmUp: POSTGRES_WARM_UP } : {}),
    floor,
    measure: async (run) => {
      const { session } = run;
      const call = offered(session.transaction?.bind(session));
      const before = session.replays?.() ?? 0;
      const measured = await callsPerSecond(run, IN_FLIGHT, () =>
        call(run.nextItem(), 1 + run.random(isContended ? CONTENDED_ROWS : run.rows), isolation),
      );
      const committed = (measured.value * run.durationMs) / 1000;
      const replays = ((session.replays?.() ?? 0) - before) / Math.max(1, committed);
      return engine === 'postgres' ? { ...measured, details: { ...measured.details, replays } } : measured;
    },
  };
}
