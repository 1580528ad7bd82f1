import type { NodeStatus } from './model.ts';

/** A run as scripts see it at its end: what the report starts from. */
export interface FinishedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly pipeline: string;
  readonly status: string;
  readonly seconds: number;
  readonly nodes: readonly FinishedNode[];
  readonly error?: string;
  readonly alert?: { readonly message: string };
}
export interface FinishedNode {
  readonly id: string;
  readonly task: string;
  readonly status: NodeStatus;
  readonly cache: 'hit' | 'miss';
  readonly key: string;
  readonly attempts: number;
  readonly seconds: number;
  readonly outputs: Readonly<Record<string, { readonly digest: string; readonly bytes: number }>>;
  readonly error?: string;
  readonly elements?: { readonly total: number; readonly ran: number; readonly hits: number; readonly quarantined: number };
}

/** How the ledger names a run. */
export const ledgerName = ({ workflowId, runId }: FinishedRun): string => `${workflowId}/${runId}`;
