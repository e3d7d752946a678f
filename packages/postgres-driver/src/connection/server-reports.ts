import type { Client } from 'pg';
import type { ServerRole } from '../options/target.js';

/** The routine of PostgreSQL that warns of a wait for a synchronous standby that was cancelled (src/backend/replication/syncrep.c). */
const SYNCHRONOUS_WAIT = 'SyncRepWaitForLSN';

/** A message that `pg` passes on. */
interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** What the server tells on a connection without being asked. */
export class ServerReports {
  /** Whether a command since this was last set to false is committed, but its wait for a synchronous standby was cancelled. */
  isUnreplicated = false;
  #role: ServerRole;

  /** @param role the server's, as it was when the connection was opened. */
  constructor(client: Client, role: ServerRole) {
    this.#role = role;
    client.on('notice', ({ routine }) => {
      if (routine === SYNCHRONOUS_WAIT) this.isUnreplicated = true;
    });
    // PostgreSQL tells it from version 14 on. Only a promotion can change it while the connection is open.
    client.connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
      if (parameterName === 'in_hot_standby')
        this.#role = { ...this.#role, isStandby: parameterValue === 'on' };
    });
  }

  get role(): ServerRole {
    return this.#role;
  }
}
