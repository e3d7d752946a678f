import { ConfigurationError } from '@sluice/core/errors';

/** The error of a transfer that does not begin: its target, or its options, are not as they must be. */
export function refused(message: string): ConfigurationError {
  return new ConfigurationError('invalid_configuration', message);
}

/** Refuses a target that holds the state of a transfer that has not ended. */
export function interrupted(target: string): ConfigurationError {
  return refused(
    `A transfer into ${target} was interrupted. Add --resume to go on, or --replace to begin again.`,
  );
}
