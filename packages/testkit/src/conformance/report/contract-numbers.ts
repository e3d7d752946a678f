/** The numbers of the contract and what each promises, in a word or two. */
export const CONTRACT_NUMBERS = {
  C1: 'values',
  C2: 'order and comparison',
  C3: 'transactions',
  C4: 'atomicity of one call',
  C5: 'durability',
  C6: 'concurrency',
  C7: 'the event loop',
  C8: 'cancellation',
  C9: 'streams',
  C10: 'back-pressure',
  C11: 'errors',
  C12: 'life cycle',
  C13: 'migrations',
  C14: 'observability',
} as const;

/** One of them. */
export type ContractNumber = keyof typeof CONTRACT_NUMBERS;

/** The number that a case's or a suite's name begins with. */
export function contractNumberOf(name: string): ContractNumber | undefined {
  const [first = ''] = name.split(' ', 1);
  return first in CONTRACT_NUMBERS ? (first as ContractNumber) : undefined;
}
