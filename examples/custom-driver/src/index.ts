export { type PgliteOptions, pglite } from './pglite-driver.js';
