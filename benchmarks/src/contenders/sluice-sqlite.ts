import { sqlite } from '@sluice/sqlite-driver';
import type { Contender, Target } from '../contender.ts';
import { open, sluiceSession } from './sluice-session.ts';

/** Sluice with its SQLite driver. Its own migration creates the table, with the CHECKs for the type of each column. */
export const sluiceSqlite: Contender = {
  engine: 'sqlite',
  packages: ['@sluice/core', '@sluice/sqlite-driver'],
  async createTable(target) {
    await using storage = await openAt(target);
    await storage.migrator.up();
  },
  async open(target) {
    const storage = await openAt(target);
    return sluiceSession(storage, { durability: target.durability });
  },
};

function openAt({ location, durability, journal }: Target): ReturnType<typeof open> {
  if (journal !== 'wal') throw new Error('Sluice knows WAL only');
  return open({ url: `sqlite:${location}`, drivers: [sqlite({ durability })] });
}
