import type { Catalog } from '../catalog/catalog.js';
import type { BackupProgress, ExecuteOptions, IsolationLevel } from '../driver/driver.js';
import { UsageError } from '../errors/usage-errors.js';
import type { Priority } from '../lane/priority.js';
import { type OptionNames, suggestion } from '../options/known-options.js';

/** Options that every call takes (contract C8). */
export interface CallOptions {
  /** Ends the call in an AbortedError: a call that waits is dropped, one that runs is interrupted where the driver can do that. */
  readonly signal?: AbortSignal | undefined;
  /**
   * After how many milliseconds the call ends in a TimeoutError. Default: the storage's `timeoutMs`, or what is left of the transaction's time in a
   * transaction. There the earlier deadline holds, and either signal ends the call.
   */
  readonly timeoutMs?: number | undefined;
  /** How urgent the call is. Default `normal`. */
  readonly priority?: Priority | undefined;
  /** Names the caller in messages and metrics, for example as the holder of the writer. */
  readonly label?: string | undefined;
}

/** Options of `read` and `write`. */
export interface TransactionOptions extends CallOptions {
  /** Default `serializable`. Drivers with concurrent writers offer weaker levels; the others treat every level as `serializable`. */
  readonly isolation?: IsolationLevel | undefined;
  /**
   * A result of `storage.position()`, from this process or another one: the transaction sees everything that was committed before it. Default:
   * everything that this storage has committed.
   */
  readonly after?: string | undefined;
}

/** Options of `read`. */
export interface ReadOptions extends TransactionOptions {
  /**
   * Whether the read is serializable without ever being replayed. Where the engine needs it, the read waits, until its deadline, for a snapshot
   * that no writer can invalidate. For long reports and dumps. Default false.
   */
  readonly deferrable?: boolean | undefined;
}

/** Options of `backup`. */
export interface BackupCallOptions extends CallOptions {
  /** Called with the progress of the copy, in the engine's own units: pages of a SQLite file. */
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** What a call may be told; each takes its own options out before. */
const NAMES: OptionNames<Required<CallOptions>> = {
  signal: true,
  timeoutMs: true,
  priority: true,
  label: true,
};

/** Turns the options of a call into the driver's: `timeoutMs` becomes a deadline. @throws UsageError `invalid_query` for an option that the call does not have. */
export function toExecuteOptions(
  options: CallOptions,
  defaultTimeoutMs: number,
  label: string,
  madeFor?: Catalog,
): ExecuteOptions {
  // What is inherited is passed over: an AbortController has a `signal` too.
  for (const name in options)
    if (!Object.hasOwn(NAMES, name) && Object.hasOwn(options, name)) refuseOption(name, label);
  return {
    priority: options.priority,
    deadline: performance.now() + (options.timeoutMs ?? defaultTimeoutMs),
    signal: options.signal,
    label: options.label ?? label,
    madeFor,
  };
}

/** The driver's options for a call in a transaction: the earlier deadline holds, and either signal ends it. Without `timeoutMs` it has the transaction's time. */
export function toOptionsWithin(
  transaction: ExecuteOptions,
  { timeoutMs, ...options }: CallOptions,
  label: string,
  madeFor?: Catalog,
): ExecuteOptions {
  const { deadline = Number.POSITIVE_INFINITY, signal } = transaction;
  const own = toExecuteOptions(options, timeoutMs ?? Number.POSITIVE_INFINITY, label, madeFor);
  return {
    ...own,
    deadline: Math.min(own.deadline ?? deadline, deadline),
    signal: eitherOf(own.signal, signal),
  };
}

function refuseOption(name: string, label: string): never {
  throw new UsageError(
    'invalid_query',
    `\`${label}\` has no option "${name}". ${suggestion(name, Object.keys(NAMES))}`,
  );
}

function eitherOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  if (a === undefined || b === undefined || a === b) return a ?? b;
  return AbortSignal.any([a, b]);
}
