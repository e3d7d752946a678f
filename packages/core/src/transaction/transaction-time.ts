import type { Statement } from '../driver/driver.js';

/** Stands for the time of the transaction among the parameters of a statement, until it runs. */
class TransactionTime {
  toJSON(): string {
    return 'the time of the transaction';
  }
}

export const TRANSACTION_TIME: object = Object.freeze(new TransactionTime());

/** The statement with the time in place of {@link TRANSACTION_TIME}; by default the time now. */
export function withTime(statement: Statement, given?: Date): Statement {
  const { parameters } = statement;
  if (!parameters.includes(TRANSACTION_TIME)) return statement;
  const time = given ?? new Date();
  return {
    ...statement,
    parameters: parameters.map((parameter) => (parameter === TRANSACTION_TIME ? time : parameter)),
  };
}
