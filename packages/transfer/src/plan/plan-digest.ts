import { createHash } from 'node:crypto';
import type { TransferPlan } from './transfer-plan.js';

/** Tells a plan that was checked against its source from one that was changed since. */
export function planDigest(plan: TransferPlan): string {
  const { checked: _, ...source } = plan.source;
  return createHash('sha256')
    .update(JSON.stringify({ ...plan, source }))
    .digest('hex')
    .slice(0, 16);
}

/** The plan, marked as checked. */
export function markChecked(plan: TransferPlan): TransferPlan {
  return { ...plan, source: { ...plan.source, checked: planDigest(plan) } };
}
