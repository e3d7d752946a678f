import type { Failure } from '../errors/failure.js';
import type { ResultPart } from '../values/result-part.js';
import type { CallResult } from './sqlite-thread.js';
import type { ConnectionOptions, ThreadRequest } from './thread-protocol.js';

/** The options of a connection, without the memory that only threads share. */
export interface ProcessOptions extends Omit<ConnectionOptions, 'files'> {
  readonly identity: string | undefined;
}

/** A message to a process that serves a connection. A call is named by its number, because what is said of it may arrive after its end. */
export type ProcessRequest =
  /** The first message: the module of the thread to start, and the options of its connection. */
  | { readonly kind: 'open'; readonly entry: string; readonly options: ProcessOptions }
  | { readonly kind: 'call'; readonly id: number; readonly request: ThreadRequest }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'credit'; readonly id: number };

/** A message from it. */
export type ProcessReply =
  | { readonly kind: 'opened'; readonly failure: Failure | undefined }
  | { readonly kind: 'part'; readonly part: ResultPart; readonly member: number }
  | { readonly kind: 'done'; readonly result: CallResult };
