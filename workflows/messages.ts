import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Approval, CompactNode, NodeName, ProgressAnswer } from '../activities/messages.ts';

/** Answers a gate: `{node, approved, by, note}`. */
export const approve = defineUpdate<string, [Approval]>('approve');
/** Runs a failed or skipped node again: `{node}`. */
export const retryNode = defineUpdate<string, [NodeName]>('retryNode');
/** Gives a node up: `{node, note}`; what reads its outputs is skipped too. */
export const skipNode = defineUpdate<string, [NodeName]>('skipNode');
/** Starts no further node; running processes save a checkpoint and end. */
export const pause = defineUpdate<string, []>('pause');
export const unpause = defineUpdate<string, []>('unpause');

export const planQuery = defineQuery<readonly CompactNode[]>('plan');
export const progressQuery = defineQuery<ProgressAnswer>('progress');
