import type { NativeConnection } from '@temporalio/worker';

/** Search attributes that runs set, with their types; `sostenuto up` registers them with its server. */
export const searchAttributes = {
  Pipeline: 'Keyword',
  Stage: 'Keyword',
  Dataset: 'Keyword',
  Model: 'Keyword',
  Trigger: 'Keyword',
  Regression: 'Keyword',
  PrimaryMetric: 'Double',
} as const;
export type SearchAttribute = keyof typeof searchAttributes;
export const searchAttributeNames = Object.keys(searchAttributes) as SearchAttribute[];

/** Which of them the server knows. A server that can't say has none: setting an unknown one would fail the run. Asked once. */
export function registeredAttributes(connection: NativeConnection, namespace: string): () => Promise<ReadonlySet<string>> {
  let known: Promise<ReadonlySet<string>> | undefined;
  return () => {
    known ??= connection.operatorService.listSearchAttributes({ namespace }).then(
      ({ customAttributes }) => new Set(Object.keys(customAttributes ?? {}).filter((name) => name in searchAttributes)),
      () => new Set<string>(),
    );
    return known;
  };
}
