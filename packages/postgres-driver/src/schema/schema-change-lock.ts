/** Key of the advisory lock that a schema change holds, in whatever process it runs: "sluice" in ASCII. */
export const SCHEMA_CHANGE_LOCK: bigint = 0x736c75696365n;
