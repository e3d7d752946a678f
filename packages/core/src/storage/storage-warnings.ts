import type { EventEmitter } from 'node:events';
import { type DatabaseWarning, emitProcessWarning } from '../driver/database-warning.js';

/** Passes a driver's warnings to the listeners of a storage. Keeps the warnings raised during opening until listeners can be registered. */
export class StorageWarnings {
  #early: DatabaseWarning[] = [];
  #events: EventEmitter | undefined;

  readonly report = (warning: DatabaseWarning): void => {
    const events = this.#events;
    if (events === undefined) this.#early.push(warning);
    // An error of a listener must not reach the driver.
    else queueMicrotask(() => deliver(events, warning));
  };

  /** Starts delivering in the next turn of the event loop, when the caller of `openStorage` has had the chance to register listeners. */
  deliverTo(events: EventEmitter): void {
    setImmediate(() => {
      this.#events = events;
      for (const warning of this.#early.splice(0)) this.report(warning);
    });
  }
}

/** Passes a warning to the listeners; without one it becomes a warning of the process. */
export function deliver(events: EventEmitter, warning: DatabaseWarning): void {
  if (events.listenerCount('warning') > 0) events.emit('warning', warning);
  else emitProcessWarning(warning);
}
