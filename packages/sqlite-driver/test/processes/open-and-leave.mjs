// Opens a database, uses it, and never closes it.
import { sqlite } from '@sluice/sqlite-driver';

const database = await sqlite().open(`sqlite:${process.argv[2]}`);
const { rows } = await database.execute({ sql: 'select 1 as one', parameters: [], access: 'read' }, {});
process.stdout.write(`${rows[0].one}\n`);
