/** The default image of a container. `SLUICE_TEST_POSTGRES_IMAGE` replaces it. */
export const DEFAULT_POSTGRES_IMAGE: string = 'postgres:18.4';
