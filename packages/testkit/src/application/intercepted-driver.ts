import type { Database, DatabaseTransaction, Driver, Statement } from '@sluice/core';

/** Hooks that run around each statement and before each COMMIT. */
export interface Interception {
  /** Runs before a statement. If it throws, the statement does not run and fails with that error. */
  beforeStatement?(statement: Statement): Promise<void> | void;
  /** Runs before COMMIT. If it throws, the transaction is rolled back and fails with that error. */
  beforeCommit?(): Promise<void> | void;
}

/** Wraps a driver so that the hooks of `interception` run around its statements, inside and outside of transactions. */
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

/** Copies an object with some methods replaced. The other methods are called on the original, because they need its private fields. */
function replacing<T extends object>(original: T, replaced: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
