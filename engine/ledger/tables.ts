/**
 * The tables of the ledger. Rows are only ever added; a row with the same identity again replaces the one before in the views
 * (the row written last wins). Times are ISO 8601 in UTC.
 */

/** A run of a pipeline; written when it starts and again when it ends. */
export interface RunRow {
  /** Identity of the execution; the other tables refer to it. */
  readonly run: string;
  readonly pipeline: string;
  readonly preset?: string;
  readonly status: string;
  /** What started it: a person, a schedule, another run. */
  readonly trigger?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly seconds?: number;
  /** JSON text. */
  readonly settings?: string;
  readonly report?: string;
  readonly error?: string;
}

/** A node of a run, or an element of a map (`item`). */
export interface NodeRow {
  readonly run: string;
  readonly node: string;
  readonly item?: string;
  readonly task: string;
  readonly status: string;
  /** `hit` or `miss`. */
  readonly cache?: string;
  readonly key?: string;
  readonly attempts?: number;
  readonly queue?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly seconds?: number;
  readonly error?: string;
}

/** An output of a node. */
export interface ArtifactRow {
  readonly run: string;
  readonly node: string;
  readonly item?: string;
  readonly output: string;
  readonly form: string;
  readonly digest: string;
  readonly bytes: number;
}

/** A point of a curve, or a single figure at step 0. */
export interface MetricRow {
  readonly run: string;
  readonly node: string;
  readonly item?: string;
  readonly name: string;
  readonly step: number;
  readonly value: number;
  readonly at?: string;
}

/** An answer of a person or a judge: a preference, a score. */
export interface JudgmentRow {
  readonly id: string;
  readonly run?: string;
  readonly node?: string;
  readonly item?: string;
  readonly question: string;
  readonly answer: string;
  readonly judge: string;
  readonly at?: string;
  readonly seconds?: number;
}

/** A version of a registered model; what it is lies in the store under its digest. */
export interface ModelRow {
  readonly name: string;
  readonly version: number;
  readonly form: string;
  readonly digest: string;
  readonly bytes: number;
  /** Digest of its scores, by clip, which the next version is compared with. */
  readonly scores?: string;
  readonly scoresBytes?: number;
  readonly measure?: string;
  /** Mean of the scores. */
  readonly value?: number;
  readonly at?: string;
}

/** Which version an alias of a model means: `candidate` is the newest, `champion` the one to use. */
export interface AliasRow {
  readonly name: string;
  readonly alias: string;
  readonly version: number;
  /** A person, or `rule`. */
  readonly by: string;
  readonly reason?: string;
  readonly at?: string;
}

/** What one clip of a system scored in one measure of an evaluation. */
export interface ScoreRow {
  readonly system: string;
  /** Digest of the sounds as they were judged, and of what they were judged by. */
  readonly sounds: string;
  readonly originals: string;
  readonly clip: string;
  readonly measure: string;
  readonly value: number;
  readonly at?: string;
}

export interface LedgerRows {
  readonly runs: RunRow;
  readonly nodes: NodeRow;
  readonly artifacts: ArtifactRow;
  readonly metrics: MetricRow;
  readonly judgments: JudgmentRow;
  readonly models: ModelRow;
  readonly aliases: AliasRow;
  readonly scores: ScoreRow;
}
export type TableName = keyof LedgerRows;

type ColumnType = 'VARCHAR' | 'DOUBLE' | 'BIGINT' | 'TIMESTAMP';
interface TableDefinition<Row> {
  readonly columns: Readonly<Record<keyof Row & string, ColumnType>>;
  /** Columns that say which row is meant. */
  readonly identity: readonly (keyof Row & string)[];
}

/** Columns of each table. Every table has `written` besides: the moment of writing, in microseconds since 1970. */
export const tables: { readonly [Name in TableName]: TableDefinition<LedgerRows[Name]> } = {
  runs: {
    columns: {
      run: 'VARCHAR',
      pipeline: 'VARCHAR',
      preset: 'VARCHAR',
      status: 'VARCHAR',
      trigger: 'VARCHAR',
      startedAt: 'TIMESTAMP',
      endedAt: 'TIMESTAMP',
      seconds: 'DOUBLE',
      settings: 'VARCHAR',
      report: 'VARCHAR',
      error: 'VARCHAR',
    },
    identity: ['run'],
  },
  nodes: {
    columns: {
      run: 'VARCHAR',
      node: 'VARCHAR',
      item: 'VARCHAR',
      task: 'VARCHAR',
      status: 'VARCHAR',
      cache: 'VARCHAR',
      key: 'VARCHAR',
      attempts: 'BIGINT',
      queue: 'VARCHAR',
      startedAt: 'TIMESTAMP',
      endedAt: 'TIMESTAMP',
      seconds: 'DOUBLE',
      error: 'VARCHAR',
    },
    identity: ['run', 'node', 'item'],
  },
  artifacts: {
    columns: {
      run: 'VARCHAR',
      node: 'VARCHAR',
      item: 'VARCHAR',
      output: 'VARCHAR',
      form: 'VARCHAR',
      digest: 'VARCHAR',
      bytes: 'BIGINT',
    },
    identity: ['run', 'node', 'item', 'output'],
  },
  metrics: {
    columns: { run: 'VARCHAR', node: 'VARCHAR', item: 'VARCHAR', name: 'VARCHAR', step: 'BIGINT', value: 'DOUBLE', at: 'TIMESTAMP' },
    identity: ['run', 'node', 'item', 'name', 'step'],
  },
  judgments: {
    columns: {
      id: 'VARCHAR',
      run: 'VARCHAR',
      node: 'VARCHAR',
      item: 'VARCHAR',
      question: 'VARCHAR',
      answer: 'VARCHAR',
      judge: 'VARCHAR',
      at: 'TIMESTAMP',
      seconds: 'DOUBLE',
    },
    identity: ['id'],
  },
  models: {
    columns: {
      name: 'VARCHAR',
      version: 'BIGINT',
      form: 'VARCHAR',
      digest: 'VARCHAR',
      bytes: 'BIGINT',
      scores: 'VARCHAR',
      scoresBytes: 'BIGINT',
      measure: 'VARCHAR',
      value: 'DOUBLE',
      at: 'TIMESTAMP',
    },
    identity: ['name', 'version'],
  },
  aliases: {
    columns: { name: 'VARCHAR', alias: 'VARCHAR', version: 'BIGINT', by: 'VARCHAR', reason: 'VARCHAR', at: 'TIMESTAMP' },
    identity: ['name', 'alias'],
  },
  scores: {
    columns: {
      system: 'VARCHAR',
      sounds: 'VARCHAR',
      originals: 'VARCHAR',
      clip: 'VARCHAR',
      measure: 'VARCHAR',
      value: 'DOUBLE',
      at: 'TIMESTAMP',
    },
    identity: ['system', 'sounds', 'originals', 'clip', 'measure'],
  },
};
export const tableNames: readonly TableName[] = ['runs', 'nodes', 'artifacts', 'metrics', 'judgments', 'models', 'aliases', 'scores'];
