import type { Driver } from '@sluice/core';
import { postgres } from '@sluice/postgres-driver';
import { sqlite } from '@sluice/sqlite-driver';

/** Both drivers, with their default options. */
export function drivers(): Driver[] {
  return [sqlite(), postgres()];
}
