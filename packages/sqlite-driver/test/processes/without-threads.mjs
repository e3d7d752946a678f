// Uses a database where Node may start no threads, and tells how each call ended.
import { sqlite } from '@sluice/sqlite-driver';

const [path, profile] = process.argv.slice(2);
const database = await sqlite({ profile }).open(`sqlite:${path}`);

async function tell(step, work) {
  try {
    await work();
    console.log(`${step}: done`);
  } catch (error) {
    console.log(`${step}: ${error.cause?.message ?? error.message}`);
  }
}

const count = { sql: 'select count(*) from item', parameters: [], access: 'read' };
await tell('read', () => database.execute(count, {}));
await tell('read', () => database.execute(count, {}));
await tell('snapshot', () => database.begin({ access: 'read' }));
await tell('write', () => database.execute({ sql: 'delete from item', parameters: [], access: 'write' }, {}));
await tell('close', () => database.close());
