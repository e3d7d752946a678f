import { AsyncLocalStorage } from 'node:async_hooks';
import { UsageError } from '../errors/usage-errors.js';

/** One level of a transaction, as the code inside it is told apart from the code outside. */
export interface Inside {
  /** The storage this level belongs to. */
  readonly owner: object;
  readonly isEnded: boolean;
  /** Whether this level is open inside of `outer`. */
  isInside(outer: Inside): boolean;
}

/** A level that code runs in, with those around it; `level` is empty while the transaction begins. */
interface Surroundings {
  level?: Inside;
  readonly outer: Surroundings | undefined;
}

/** Where the code that runs now is. */
const current = new AsyncLocalStorage<Surroundings>();

/** Refuses the use of `owner`'s outer handle from inside one of its transactions, where awaiting it could wait for ever (contract C3). */
export function assertOutsideTransaction(owner: object): void {
  if (innermostOf(owner) === undefined) return;
  throw new UsageError(
    'outer_handle',
    'The storage was used inside one of its own transactions, where it would wait for itself. Use the `tx` handle that the callback was given.',
  );
}

/** The innermost open level of `owner` that the code which runs now is in; other storages may have theirs in between. */
export function innermostOf(owner: object): Inside | undefined {
  for (let at = current.getStore(); at !== undefined; at = at.outer) {
    if (at.level?.owner === owner && !at.level.isEnded) return at.level;
  }
  return undefined;
}

/** Runs `callback` with `level` as the innermost one. */
export function runInside<T>(level: Inside, callback: () => Promise<T>): Promise<T> {
  return current.run(surroundedBy(level), callback);
}

/** Puts the code that called, and what it goes on to call, inside of a level that is yet to be given. */
export function enterLevel(): (level: Inside) => void {
  const surroundings = surroundedBy();
  current.enterWith(surroundings);
  return (level) => {
    surroundings.level = level;
  };
}

/** What has ended is left out, so that work which outlives one transaction after another drags none along. */
function surroundedBy(level?: Inside): Surroundings {
  let outer = current.getStore();
  while (outer?.level?.isEnded) outer = outer.outer;
  return level === undefined ? { outer } : { level, outer };
}
