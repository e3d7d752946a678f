import { executeProgram } from './execute-program.js';

/** The user of a child process: fields for `spawn`, or none for the current user. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** PostgreSQL refuses to run as root. For root, this returns an account that exists on the machine. It never creates one. */
export async function embeddedAccount(): Promise<Account> {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody');
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [user, group] = await Promise.all(['-u', '-g'].map((flag) => executeProgram('id', [flag, name])));
    return { uid: Number(user), gid: Number(group) };
  } catch {
    return undefined;
  }
}
