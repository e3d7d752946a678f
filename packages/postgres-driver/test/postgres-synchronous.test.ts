import { rejection, runIn, until } from '@sluice/testkit/driver-tests';
import { expect, test } from 'vitest';
import { openDatabase } from './opened-database.js';
import { startOwnServer } from './own-server.js';

test('a write is not acknowledged whose wait for the synchronous standby was cancelled', async () => {
  const server = await startOwnServer();
  const admin = await openDatabase({ url: server.url });
  await admin.run('create table t (id integer)');
  await admin.run('create table probe (id integer)');
  await admin.run(`alter system set synchronous_standby_names = 'nobody'`);
  await admin.run('select pg_reload_conf()');
  const insert = (row: string): Promise<unknown> =>
    admin.run(`insert into ${row}`, [], { access: 'write', deadline: performance.now() + 300 });
  // The server's checkpointer tells the others of the setting, when it comes to it.
  await until(() =>
    insert('probe values (1)').then(
      () => false,
      () => true,
    ),
  );
  expect(await rejection(insert('t values (1)'))).toMatchObject({ code: 'commit_unknown' });
  const { database } = await openDatabase({ url: server.url });
  const transaction = await database.begin({ access: 'write' });
  await runIn(transaction, 'insert into t values (2)');
  const committing = rejection(transaction.commit());
  const cancelled = `select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'`;
  await until(async () => (await admin.rows(cancelled)).length > 0);
  expect(await committing).toMatchObject({ code: 'commit_unknown' });
  expect(await admin.rows('select id from t order by id')).toEqual([{ id: 1 }, { id: 2 }]);
});
