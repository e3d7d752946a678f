import type { Database, DatabaseTransaction, Driver, Statement } from '@sluice/core';

/** What happens around each statement and each end of a transaction. */
export interface Interception {
  /** Called before a statement runs; what it throws the statement is refused with. */
  beforeStatement?(statement: Statement): Promise<void> | void;
  /** Called before COMMIT; what it throws is thrown in its place, after a rollback. */
  beforeCommit?(): Promise<void> | void;
}

/** The same driver with something done around its statements, inside of transactions and outside. */
export function interceptedDriver(driver: Driver, interception: Interception): Driver {
  return {
    name: driver.name,
    schemes: driver.schemes,
    open: async (url) => interceptDatabase(await driver.open(url), interception),
  };
}

function interceptDatabase(database: Database, interception: Interception): Database {
  return replacing(database, {
    ...interceptStatements(database, interception),
    begin: async (options) => interceptTransaction(await database.begin(options), interception),
  });
}

function interceptTransaction(tx: DatabaseTransaction, interception: Interception): DatabaseTransaction {
  return replacing(tx, {
    ...interceptStatements(tx, interception),
    commit: async () => {
      try {
        await interception.beforeCommit?.();
      } catch (error) {
        await tx.rollback();
        throw error;
      }
      await tx.commit();
    },
  });
}

type Runner = Pick<Database, 'execute' | 'stream'>;

function interceptStatements(runner: Runner, { beforeStatement }: Interception): Runner {
  return {
    execute: async (statement, options) => {
      await beforeStatement?.(statement);
      return runner.execute(statement, options);
    },
    stream: async function* (statement, batchSize, options) {
      await beforeStatement?.(statement);
      yield* runner.stream(statement, batchSize, options);
    },
  };
}

/** Methods are called on the original, so that they find its private state. */
function replacing<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
