// A worker thread: does what an application may do with a database that its main thread has open.
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { checkIntegrity, reclaimSpace, sqlite } from '@sluice/sqlite-driver';

const { path, folder } = workerData;
await checkIntegrity(path);
await reclaimSpace(path);
const database = await sqlite().open(`sqlite:${path}`);
await database.execute({ sql: 'select count(*) from item', parameters: [], access: 'read' }, {});
await database.execute({ sql: 'insert into item values (null)', parameters: [], access: 'write' }, {});
await database.backup(join(folder, 'backup.db'), {});
await database.close();
