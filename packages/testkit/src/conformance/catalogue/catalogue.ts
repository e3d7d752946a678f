import { ACCOUNTS } from './accounts.js';
import type { Catalogue } from './catalogue-query.js';
import { CHANGES } from './changes.js';
import { CONDITIONS } from './conditions.js';
import { DASHBOARDS } from './dashboards.js';
import { DEEP_RELATIONS } from './deep-relations.js';
import { DOCUMENTS } from './documents.js';
import { EXPRESSIONS } from './expressions.js';
import { FEEDS } from './feeds.js';
import { INVENTORY } from './inventory.js';
import { MESSAGES } from './messages.js';
import { NEIGHBOURS } from './neighbours.js';
import { PRODUCTS } from './products.js';
import { PROFILES } from './profiles.js';
import { PURCHASES } from './purchases.js';
import { QUEUES } from './queues.js';
import { RELATIONS } from './relations.js';
import { SALES } from './sales.js';
import { SEARCH } from './search.js';
import { SERIES } from './series.js';
import { SETS } from './sets.js';
import { STATISTICS } from './statistics.js';
import { WINDOWS } from './windows.js';
import { WITH } from './with.js';
import { WRITES } from './writes.js';

/** The catalogue, by theme. */
export const CATALOGUE: Readonly<Record<string, Catalogue>> = {
  accounts: [...ACCOUNTS, ...PROFILES],
  purchases: [...PURCHASES, ...SALES],
  inventory: [...INVENTORY, ...PRODUCTS],
  dashboards: [...DASHBOARDS, ...STATISTICS],
  search: [...SEARCH, ...DOCUMENTS],
  feeds: [...FEEDS, ...MESSAGES],
  queues: QUEUES,
  relations: [...RELATIONS, ...DEEP_RELATIONS],
  windows: [...WINDOWS, ...NEIGHBOURS],
  sets: [...SETS, ...WITH],
  writes: [...WRITES, ...CHANGES],
  series: SERIES,
  expressions: [...EXPRESSIONS, ...CONDITIONS],
};
