import { expect, test } from 'vitest';
import { SpinBudget } from './spin-budget.js';

function timesTaken(budget: SpinBudget, isFound: boolean, chances: number): number {
  let taken = 0;
  for (let chance = 0; chance < chances; chance += 1) {
    if (!budget.take()) continue;
    taken += 1;
    budget.note(isFound);
  }
  return taken;
}

test('watches every time while that succeeds, once in sixteen times while it does not, and every time again', () => {
  const budget = new SpinBudget(2);
  expect(timesTaken(budget, true, 100)).toBe(100);
  timesTaken(budget, false, 100);
  expect(timesTaken(budget, false, 160)).toBe(10);
  timesTaken(budget, true, 160);
  expect(timesTaken(budget, true, 100)).toBe(100);
});

test('goes on watching when it fails now and then', () => {
  const budget = new SpinBudget(2);
  for (let round = 0; round < 50; round += 1) {
    expect(timesTaken(budget, true, 3)).toBe(3);
    expect(timesTaken(budget, false, 1)).toBe(1);
  }
});

test('never watches on a single processor', () => {
  expect(timesTaken(new SpinBudget(1), true, 100)).toBe(0);
});
