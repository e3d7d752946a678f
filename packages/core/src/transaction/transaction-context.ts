import { AsyncLocalStorage } from 'node:async_hooks';
import { UsageError } from '../errors/usage-errors.js';

/** One level of a transaction: the transaction itself, or a savepoint in it. */
export interface TransactionLevel {
  /** The storage that this level belongs to. */
  readonly owner: object;
  readonly isEnded: boolean;
  /** Whether this level is open and `outer` is one of the levels that enclose it. */
  isNestedIn(outer: TransactionLevel): boolean;
}

/** The async context of code that runs in a transaction. */
interface TransactionContext {
  /** `undefined` while the transaction begins. */
  level?: TransactionLevel;
  /** The context around this one: of the enclosing level, or of another storage's transaction. */
  readonly outer: TransactionContext | undefined;
}

const contexts = new AsyncLocalStorage<TransactionContext>();

/**
 * Refuses the use of `owner`'s own handle by code that runs in one of its transactions. Such a call could wait for the transaction, which waits
 * for the call (contract C3).
 *
 * @throws UsageError `outer_handle`.
 */
export function assertOutsideTransaction(owner: object): void {
  if (currentLevel(owner) === undefined) return;
  throw new UsageError(
    'outer_handle',
    'The storage was used inside one of its own transactions, where it would wait for itself. Use the `tx` handle that the callback was given.',
  );
}

/** The innermost open level of `owner` that the running code is in; levels of other storages may enclose it or lie in between. */
export function currentLevel(owner: object): TransactionLevel | undefined {
  for (let context = contexts.getStore(); context !== undefined; context = context.outer) {
    if (context.level?.owner === owner && !context.level.isEnded) return context.level;
  }
  return undefined;
}

/** Runs `callback` in an async context whose current level is `level`. */
export function runInLevel<T>(level: TransactionLevel, callback: () => Promise<T>): Promise<T> {
  return contexts.run(createContext(level), callback);
}

/** Gives the calling code, and all that it calls afterwards, a new async context. The returned function sets the level of that context. */
export function enterContext(): (level: TransactionLevel) => void {
  const context = createContext();
  contexts.enterWith(context);
  return (level) => {
    context.level = level;
  };
}

/** Skips the contexts of ended levels, so that code which outlives many transactions, one after the other, does not keep them in memory. */
function createContext(level?: TransactionLevel): TransactionContext {
  let outer = contexts.getStore();
  while (outer?.level?.isEnded) outer = outer.outer;
  return level === undefined ? { outer } : { level, outer };
}
