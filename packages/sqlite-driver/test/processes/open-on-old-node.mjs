// Opens a database on whatever Node runs this, and writes how that ended.
import { openStorage } from '@sluice/core';
import { sqlite } from '@sluice/sqlite-driver';

try {
  await openStorage({ url: `sqlite:${process.argv[2]}`, drivers: [sqlite()] });
  process.stdout.write('opened\n');
} catch (error) {
  process.stdout.write(`${error.name} ${error.code} ${error.message}\n`);
}
