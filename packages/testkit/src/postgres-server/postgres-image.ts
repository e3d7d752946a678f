/** The image a container is started from when `SLUICE_TEST_POSTGRES_IMAGE` names no other. */
export const DEFAULT_POSTGRES_IMAGE: string = 'postgres:18.4';
