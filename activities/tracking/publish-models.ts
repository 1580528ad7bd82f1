import { type Alias, type ModelVersion, openRegistry, originOf } from '../../engine/registry/registry.ts';
import type { ModelDelivery } from './delivery.ts';
import { rejectionOf } from './mlflow/client.ts';
import { tagsOf } from './mlflow/limits.ts';
import { experimentOf, publishRun } from './publish-run.ts';
import type { Publishing } from './publishing.ts';
import { readRun } from './read-run.ts';

const versionTag = 'sostenuto.version';

/** Brings the server's registry up to the project's: versions with their files, then the aliases. */
export async function publishModels(publishing: Publishing): Promise<void> {
  const { ledger, deliveries, api } = publishing;
  if (ledger.isEmpty('models')) return;
  const registry = openRegistry(ledger);
  const aliases = await registry.aliases();
  for (const version of await registry.versions()) {
    const delivery = deliveries.model(version.name);
    const key = String(version.version);
    if (key in delivery.versions || delivery.refused.some((line) => line.startsWith(`version ${key}:`))) continue;
    const own = aliases.filter((alias) => alias.name === version.name && alias.version === version.version);
    try {
      const published = await publishVersion(publishing, version, own);
      // Which run made it is told at the end of that run.
      if (published === undefined) continue;
      delivery.versions[key] = published;
    } catch (error) {
      if (rejectionOf(error) === undefined) throw error;
      delivery.refused.push(`version ${key}: ${rejectionOf(error)}`);
    }
    deliveries.save(delivery);
  }
  for (const alias of aliases) await point(alias, deliveries.model(alias.name));

  async function point({ name, alias, version }: Alias, delivery: ModelDelivery): Promise<void> {
    const theirs = delivery.versions[String(version)];
    if (theirs === undefined || delivery.aliases[alias] === theirs) return;
    await api.setAlias(name, alias, theirs);
    delivery.aliases[alias] = theirs;
    deliveries.save(delivery);
  }
}

/** The server's number of a version; undefined as long as the run that made it goes on, or if its files are gone. */
async function publishVersion(
  publishing: Publishing,
  { name, version, artifact, measure, value }: ModelVersion,
  aliases: readonly Alias[],
): Promise<string | undefined> {
  const { api, ledger, store } = publishing;
  await api.createModel(name, 'Registered by Sostenuto; each version is named by its content.');
  const known = await api.versionWith(name, versionTag, String(version));
  if (known !== undefined) return known;
  const origin = await originOf(ledger, artifact.digest);
  if (origin === undefined || !(await store.has(artifact))) return undefined;
  const told = await readRun(publishing, origin.run);
  if (told === undefined) return undefined;
  const { children, parent } = await publishRun(publishing, origin.run);
  const run = children[origin.node] ?? parent;
  if (run === undefined) return undefined;

  const tags = tagsOf({
    [versionTag]: version,
    'sostenuto.digest': artifact.digest,
    'sostenuto.run': origin.run,
    'sostenuto.node': origin.node,
  });
  const experiment = await experimentOf(publishing, told.pipeline);
  const logged = await api.createLoggedModel({ experiment_id: experiment, name, source_run_id: run.id, tags });
  const at = logged?.artifactUri ?? `${run.artifactUri}/model`;
  const files =
    artifact.form === 'tree' ? (await store.openTree(artifact)).files : new Map([['model', (await store.openFile(artifact)).path]]);
  for (const [file, path] of files) await api.upload(at, file, path);
  if (logged !== undefined) await api.finishLoggedModel(logged.id);
  const scored = measure === undefined || value === undefined ? [] : [`${measure}: ${value}`];
  return api.createVersion({
    name,
    source: logged === undefined ? at : `models:/${logged.id}`,
    run_id: run.id,
    ...(logged === undefined ? {} : { model_id: logged.id }),
    description: [...scored, ...aliases.map(({ alias, by, reason }) => `${alias} by ${by}: ${reason}`)].join('\n'),
    tags,
  });
}
