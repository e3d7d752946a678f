import { AsyncResource } from 'node:async_hooks';
import {
  type Capabilities,
  ClosedError,
  ConflictError,
  type Database,
  type DatabaseTransaction,
  ForeignKeyViolationError,
  type Row,
  type Statement,
  type StatementResult,
  type Storage,
  UniqueViolationError,
} from '@sluice/core';
import { overridden } from './overridden.js';

/** A driver, broken in one way, and the cases that must notice: a pattern over their names. */
export interface Mutation {
  readonly name: string;
  readonly caughtBy: string;
  /** What the broken driver declares besides the truth. */
  readonly capabilities?: Partial<Capabilities>;
  readonly ignoresQueueLimit?: boolean;
  database?(database: Database): Database;
  storage?<DB>(storage: Storage<DB>): Storage<DB>;
}

/** Breaks nothing: the same cases must pass on it, or they prove nothing about the others. */
export const CONTROL: Mutation = { name: 'control', caughtBy: '' };

/** The one that would keep a run from ending. */
export const HANGING = 'hangs when it is closed';

/** The ways in which drivers are broken. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'acknowledges a commit early',
    caughtBy: 'C5 a COMMIT that the database refuses',
    database: transactions((tx) => ({ commit: async () => void tx.commit().catch(() => {}) })),
  },
  {
    name: 'commits what is to be rolled back',
    caughtBy: 'C4 insertMany (of rows with different|inside)',
    database: transactions((tx) => ({ rollback: () => tx.commit() })),
  },
  {
    name: 'sorts NULL first',
    caughtBy: 'C2 NULL in body comes (first|last) when (a|de)scending, in',
    database: statements((statement) => ({
      ...statement,
      sql: statement.sql.replace(/ nulls (first|last)/gi, ''),
    })),
  },
  {
    name: 'compares text by letter, not by code point',
    caughtBy: 'C2 .*code point',
    database: statements((statement) => ({
      ...statement,
      sql: statement.sql.replace(/order by ([^,)]+?)(?= asc| desc| nulls|$)/g, 'order by $1 collate nocase'),
    })),
  },
  {
    name: 'cuts times to the second',
    caughtBy: 'C1 timestamptz keeps 1',
    database: encoded((value) =>
      value instanceof Date ? new Date(Math.trunc(value.getTime() / 1000) * 1000) : value,
    ),
  },
  {
    name: 'rounds numerics to doubles',
    caughtBy: 'C1 numeric keeps 123',
    database: encoded((value, type) =>
      type === 'numeric' && value !== null ? String(Number(value)) : value,
    ),
  },
  {
    name: 'gives bigints as numbers',
    caughtBy: 'C1 bigint keeps 900719925474099',
    database: results((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
      ),
    ),
  },
  {
    name: 'replays an error that is not retryable',
    caughtBy: 'C3 no other error is replayed',
    database: replayTwice,
  },
  {
    name: 'takes one violation for another',
    caughtBy: 'C11 breaking a primary key, by insert tells table',
    database: errors((error) =>
      error instanceof UniqueViolationError
        ? new ForeignKeyViolationError(error, { cause: error.cause })
        : error,
    ),
  },
  {
    name: 'loses the engine’s error',
    caughtBy: 'C11 breaking a unique column',
    database: errors((error) =>
      error instanceof UniqueViolationError ? new UniqueViolationError(error) : error,
    ),
  },
  { name: 'loses a member of a group', caughtBy: 'C6 500 inserts', database: loseOneOfFifty },
  {
    name: 'ignores the rollback to a savepoint',
    caughtBy: 'C3 a savepoint that throws',
    database: transactions((tx) => ({
      execute: async (statement, options) =>
        statement.sql.startsWith('rollback to') ? NOTHING : tx.execute(statement, options),
    })),
  },
  {
    name: 'shows readers what is not committed',
    caughtBy: 'C3 G1a and G1b',
    database: joinReads,
  },
  {
    name: 'lets the outer handle join the transaction',
    caughtBy: 'C3 find on the outer handle',
    database: joinReads,
    storage: forgetWhereItRuns,
  },
  { name: 'runs afterCommit before the commit', caughtBy: 'C3 afterCommit finds', storage: hurryAfterCommit },
  {
    name: 'streams without a snapshot',
    caughtBy: 'C9 a stream sees one snapshot',
    database: streamPageByPage,
  },
  {
    name: 'drops what was accepted when it closes',
    caughtBy: 'C12 close answers every call',
    ...dropOnClose(),
  },
  {
    name: 'ignores signals and deadlines',
    caughtBy: 'C8 insert .* already does not happen',
    database: (database) =>
      overridden(database, {
        execute: (statement, { signal: _, deadline: __, ...options }) => database.execute(statement, options),
      }),
  },
  { name: 'queues without bound', caughtBy: 'C10 inserts beyond the queue', ignoresQueueLimit: true },
  { name: HANGING, caughtBy: 'C12 close may be called again', storage: neverClose },
  {
    name: 'hides what it can do',
    caughtBy: 'C11 a backup is written, or refused',
    capabilities: { onlineBackup: false },
  },
  {
    name: 'takes fewer parameters than it declares',
    caughtBy: 'C11 a statement takes as many parameters',
    capabilities: { maxParameters: 40_000 },
  },
];

const NOTHING: StatementResult = { rows: [], affectedRows: 0 };

function transactions(
  replace: (tx: DatabaseTransaction) => Partial<DatabaseTransaction>,
): (database: Database) => Database {
  return (database) =>
    overridden(database, {
      begin: async (options) => {
        const tx = await database.begin(options);
        return overridden(tx, replace(tx));
      },
    });
}

type Run = (
  statement: Statement,
  run: (statement: Statement) => Promise<StatementResult>,
) => Promise<StatementResult>;

function around(runAround: Run): (database: Database) => Database {
  const inTransactions = transactions((tx) => ({
    execute: (statement, options) => runAround(statement, (changed) => tx.execute(changed, options)),
  }));
  return (database) =>
    overridden(inTransactions(database), {
      execute: (statement, options) => runAround(statement, (changed) => database.execute(changed, options)),
    });
}

function statements(change: (statement: Statement) => Statement): (database: Database) => Database {
  return around((statement, run) => run(change(statement)));
}

function results(change: (row: Row) => Row): (database: Database) => Database {
  return around(async (statement, run) => {
    const result = await run(statement);
    return { ...result, rows: result.rows.map(change) };
  });
}

function errors(change: (error: unknown) => unknown): (database: Database) => Database {
  return around((statement, run) =>
    run(statement).catch((error: unknown) => {
      throw change(error);
    }),
  );
}

/** Calls every third violation a conflict no more, so that the replay comes to an end. */
function replayTwice(database: Database): Database {
  let violations = 0;
  return errors((error) => {
    if (!(error instanceof UniqueViolationError)) return error;
    violations += 1;
    return violations % 3 === 0 ? error : new ConflictError('busy', 'not really', { cause: error });
  })(database);
}

function encoded(
  change: (value: Parameters<Database['sql']['encode']>[0], type: string) => typeof value,
): (database: Database) => Database {
  return (database) =>
    overridden(database, {
      sql: overridden(database.sql, {
        encode: (value, type) => database.sql.encode(change(value, type.name), type),
      }),
    });
}

function loseOneOfFifty(database: Database): Database {
  let inserts = 0;
  return overridden(database, {
    execute: async (statement, options) => {
      if (statement.sql.startsWith('insert')) inserts += 1;
      if (inserts % 50 !== 49 || statement.access === 'read') return database.execute(statement, options);
      inserts += 1;
      const { rows } = await database.execute(
        { sql: "select 'lost' as name, 1 as balance", parameters: [], access: 'read' },
        options,
      );
      return { rows, affectedRows: 1 };
    },
  });
}

/** Runs reads in whatever write transaction is open. */
function joinReads(database: Database): Database {
  let open: DatabaseTransaction | undefined;
  const joining = overridden(database, {
    begin: async (options) => {
      const tx = await database.begin(options);
      if (options.access === 'read') return tx;
      open = tx;
      const leave =
        <T>(end: () => Promise<T>) =>
        (): Promise<T> => {
          open = undefined;
          return end();
        };
      return overridden(tx, { commit: leave(() => tx.commit()), rollback: leave(() => tx.rollback()) });
    },
    execute: (statement, options) => (open ?? database).execute(statement, options),
  });
  return joining;
}

const OUTSIDE = AsyncResource.bind(<T>(work: () => T): T => work());

function forgetWhereItRuns<DB>(storage: Storage<DB>): Storage<DB> {
  return overridden(storage, {
    write: (callback, options) => storage.write((tx) => OUTSIDE(() => callback(tx)), options),
    read: (callback, options) => storage.read((tx) => OUTSIDE(() => callback(tx)), options),
  });
}

function hurryAfterCommit<DB>(storage: Storage<DB>): Storage<DB> {
  return overridden(storage, {
    write: (callback, options) =>
      storage.write((tx) => callback(overridden(tx, { afterCommit: (effect) => void effect() })), options),
  });
}

let closings = 0;

/** The first closing is that of the suite's warm-up, which is given a minute. */
function neverClose<DB>(storage: Storage<DB>): Storage<DB> {
  return overridden(storage, {
    close: async () => {
      await storage.close();
      closings += 1;
      if (closings === 1) return;
      await new Promise(() => {});
    },
  });
}

function streamPageByPage(database: Database): Database {
  return overridden(database, {
    stream: async function* (statement, batchSize, options) {
      for (let offset = 0; ; offset += batchSize) {
        const sql = `select * from (${statement.sql}) limit ${batchSize} offset ${offset}`;
        const { rows } = await database.execute({ ...statement, sql }, options);
        if (rows.length > 0) yield rows;
        if (rows.length < batchSize) return;
      }
    },
  });
}

function dropOnClose(): Pick<Mutation, 'database' | 'storage'> {
  const drops = new Set<() => void>();
  return {
    database: (database) =>
      overridden(database, {
        execute: (statement, options) =>
          new Promise((resolve, reject) => {
            const drop = (): void => reject(new ClosedError('dropped'));
            drops.add(drop);
            database
              .execute(statement, options)
              .then(resolve, reject)
              .finally(() => drops.delete(drop));
          }),
      }),
    storage: (storage) =>
      overridden(storage, {
        close: () => {
          setImmediate(() => {
            for (const drop of drops) drop();
          });
          return storage.close();
        },
      }),
  };
}
