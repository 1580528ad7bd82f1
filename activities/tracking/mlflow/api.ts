import { type Answer, type Client, rejectionOf } from './client.ts';
import type { Pair, Point } from './limits.ts';

/** An MLflow run, as far as it is of interest here. */
export interface Run {
  readonly id: string;
  readonly artifactUri: string;
}
export interface Dataset {
  readonly name: string;
  readonly digest: string;
  /** JSON text. */
  readonly source: string;
  readonly context: string;
}
export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

const part = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
const text = (value: unknown): string => (value === undefined || value === null ? '' : String(value));
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const runOf = (run: unknown): Run => ({
  id: text(part(part(run, 'info'), 'run_id')),
  artifactUri: text(part(part(run, 'info'), 'artifact_uri')),
});
const tagsIn = (value: unknown): Map<string, string> =>
  new Map(list(value).map((tag) => [text(part(tag, 'key')), text(part(tag, 'value'))]));
/** A text in a filter; MLflow knows no escapes. */
const quoted = (value: string): string => (value.includes("'") ? `"${value.replaceAll('"', '')}"` : `'${value}'`);

/** The calls that are used, each safe to make twice unless it says otherwise. */
export function createApi(client: Client) {
  const post = (path: string, body: unknown): Promise<Answer> => client.call('POST', path, { body });
  const existing = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (rejectionOf(error) === 'RESOURCE_ALREADY_EXISTS') return undefined;
      throw error;
    }
  };
  const experimentNamed = async (name: string): Promise<string | undefined> => {
    try {
      const { experiment } = await client.call('GET', 'experiments/get-by-name', { query: { experiment_name: name } });
      return text(part(experiment, 'experiment_id'));
    } catch (error) {
      if (rejectionOf(error) === 'RESOURCE_DOES_NOT_EXIST') return undefined;
      throw error;
    }
  };

  return {
    /** Id of the experiment with this name, made if it is missing. */
    async experiment(name: string, tags: readonly Pair[]): Promise<string> {
      const found = await experimentNamed(name);
      if (found !== undefined) return found;
      const made = await existing(() => post('experiments/create', { name, tags }));
      return made === undefined ? ((await experimentNamed(name)) ?? '') : text(made['experiment_id']);
    },
    /** Runs with a tag, and their tags; also those that somebody deleted. */
    async runsWith(experiment: string, key: string, value: string): Promise<{ run: Run; tags: ReadonlyMap<string, string> }[]> {
      const filter = `tags.\`${key}\` = ${quoted(value)}`;
      const { runs } = await post('runs/search', { experiment_ids: [experiment], filter, run_view_type: 'ALL', max_results: 1000 });
      return list(runs).map((run) => ({ run: runOf(run), tags: tagsIn(part(part(run, 'data'), 'tags')) }));
    },
    /** Makes another run at each call: look first. */
    async createRun(experiment: string, name: string, startTime: number, tags: readonly Pair[]): Promise<Run> {
      const { run } = await post('runs/create', { experiment_id: experiment, run_name: name, start_time: startTime, tags });
      return runOf(run);
    },
    async updateRun(id: string, status: RunStatus, endTime: number | undefined): Promise<void> {
      await post('runs/update', { run_id: id, status, ...(endTime === undefined ? {} : { end_time: endTime }) });
    },
    /** Points are appended: MLflow takes the same one (key, step, time, value) once, but another time of the same step again. */
    async logBatch(id: string, batch: { metrics?: readonly Point[]; params?: readonly Pair[]; tags?: readonly Pair[] }): Promise<void> {
      await post('runs/log-batch', { run_id: id, ...batch });
    },
    /** Steps of a metric that the server has. */
    async stepsOf(id: string, key: string): Promise<Set<number>> {
      const steps = new Set<number>();
      for (let token = ''; ; ) {
        const query = { run_id: id, metric_key: key, max_results: '25000', ...(token === '' ? {} : { page_token: token }) };
        const answer = await client.call('GET', 'metrics/get-history', { query });
        for (const metric of list(answer['metrics'])) steps.add(Number(part(metric, 'step') ?? 0));
        token = text(answer['next_page_token']);
        if (token === '') return steps;
      }
    },
    async logInputs(id: string, datasets: readonly Dataset[]): Promise<void> {
      const inputs = datasets.map(({ name, digest, source, context }) => ({
        tags: [{ key: 'mlflow.data.context', value: context }],
        dataset: { name, digest, source_type: 'sostenuto', source },
      }));
      await post('runs/log-inputs', { run_id: id, datasets: inputs });
    },
    async createModel(name: string, description: string): Promise<void> {
      await existing(() => post('registered-models/create', { name, description }));
    },
    /** Number of the version with this tag. */
    async versionWith(name: string, key: string, value: string): Promise<string | undefined> {
      const query = { filter: `name=${quoted(name)}`, max_results: '1000' };
      const { model_versions: versions } = await client.call('GET', 'model-versions/search', { query });
      const found = list(versions).find((version) => tagsIn(part(version, 'tags')).get(key) === value);
      return found === undefined ? undefined : text(part(found, 'version'));
    },
    /** Makes another version at each call: look first. */
    async createVersion(version: {
      readonly name: string;
      readonly source: string;
      readonly run_id?: string;
      readonly model_id?: string;
      readonly description: string;
      readonly tags: readonly Pair[];
    }): Promise<string> {
      const { model_version: made } = await post('model-versions/create', version);
      return text(part(made, 'version'));
    },
    async setAlias(name: string, alias: string, version: string): Promise<void> {
      await post('registered-models/alias', { name, alias, version });
    },
    /** A logged model of MLflow 3; undefined on a server that has none. Makes another one at each call. */
    async createLoggedModel(model: {
      readonly experiment_id: string;
      readonly name: string;
      readonly source_run_id?: string;
      readonly tags: readonly Pair[];
    }): Promise<{ id: string; artifactUri: string } | undefined> {
      try {
        const body = { model_type: 'sostenuto', ...model };
        const { model: made } = await client.call('POST', 'logged-models', { body, isNew: true });
        return { id: text(part(part(made, 'info'), 'model_id')), artifactUri: text(part(part(made, 'info'), 'artifact_uri')) };
      } catch (error) {
        const rejection = rejectionOf(error);
        if (rejection === '404' || rejection === 'ENDPOINT_NOT_FOUND') return undefined;
        throw error;
      }
    },
    async finishLoggedModel(id: string): Promise<void> {
      await client.call('PATCH', `logged-models/${id}`, { body: { model_id: id, status: 'LOGGED_MODEL_READY' } });
    },
    /** Puts a file under an artifact address of the server; false if the server leaves artifacts to its clients. */
    async upload(artifactUri: string, name: string, file: string | Blob): Promise<boolean> {
      const [, path] = /^mlflow-artifacts:\/+(?:[^/]*:\d+\/)?(.+)$/.exec(artifactUri) ?? [];
      if (path === undefined) return false;
      await client.upload(`${path}/${name}`, file);
      return true;
    },
  };
}
export type Api = ReturnType<typeof createApi>;
