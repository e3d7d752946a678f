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

/** Whether neither the source nor the plan has changed since a dry run found nothing against it. */
export function isChecked(plan: TransferPlan, fingerprint: string): boolean {
  return plan.source.fingerprint === fingerprint && plan.source.checked === planDigest(plan);
}

/** The plan, marked as checked. */
export function markChecked(plan: TransferPlan): TransferPlan {
  return { ...plan, source: { ...plan.source, checked: planDigest(plan) } };
}
