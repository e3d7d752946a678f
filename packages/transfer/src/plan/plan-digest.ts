import { createHash } from 'node:crypto';
import type { TransferPlan } from './transfer-plan.js';

/** A digest of the plan without its mark, to detect that a checked plan was changed later. */
function planDigest(plan: TransferPlan): string {
  const { checked: _, ...source } = plan.source;
  return createHash('sha256')
    .update(JSON.stringify({ ...plan, source }))
    .digest('hex')
    .slice(0, 16);
}

/** Whether a dry run has checked the plan, and neither the source nor the plan has changed since. */
export function isChecked(plan: TransferPlan, fingerprint: string): boolean {
  return plan.source.fingerprint === fingerprint && plan.source.checked === planDigest(plan);
}

/** Marks the plan as checked. */
export function markChecked(plan: TransferPlan): TransferPlan {
  return { ...plan, source: { ...plan.source, checked: planDigest(plan) } };
}
