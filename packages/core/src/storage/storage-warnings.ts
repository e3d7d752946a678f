import type { EventEmitter } from 'node:events';
import { type DatabaseWarning, emitProcessWarning } from '../driver/database-warning.js';

/** Hands a driver's warnings to the listeners of a storage. Those raised while it opens wait until there can be listeners. */
export class StorageWarnings {
  #early: DatabaseWarning[] = [];
  #events: EventEmitter | undefined;

  readonly report = (warning: DatabaseWarning): void => {
    const events = this.#events;
    if (events === undefined) this.#early.push(warning);
    // What a listener throws is its own matter, not that of the driver that warns.
    else queueMicrotask(() => deliver(events, warning));
  };

  /** Begins to deliver, once whoever opens the storage had the time to listen. */
  deliverTo(events: EventEmitter): void {
    setImmediate(() => {
      this.#events = events;
      for (const warning of this.#early.splice(0)) this.report(warning);
    });
  }
}

function deliver(events: EventEmitter, warning: DatabaseWarning): void {
  if (events.listenerCount('warning') > 0) events.emit('warning', warning);
  else emitProcessWarning(warning);
}
