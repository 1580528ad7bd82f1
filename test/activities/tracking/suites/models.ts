import { expect, test } from 'vitest';
import { openRegistry } from '../../../../engine/registry/registry.ts';
import { idOf, listOf, type TrackedHome } from '../support/tracked-home.ts';

/** What of the registry arrives. */
export function tellsModels(at: TrackedHome): void {
  test('a registered model is there with its files, version and aliases, also when they move', async () => {
    const told = await at.begin();
    await told.train(1, 2);
    const model = await told.end();
    const registry = openRegistry(told.ledger);
    const name = `${at.names.pipeline}-model`;
    const yes = async () => ({ promote: true, by: 'rule', reason: 'There was no champion.' });
    await registry.register(name, { artifact: model, measure: 'piano: midi-f1', value: 0.5 }, yes);
    await at.bringUp(told);
    const versionAt = async (alias: string) =>
      (await at.server.get(`mlflow/registered-models/alias?name=${name}&alias=${alias}`))['model_version'];
    const champion = await versionAt('champion');
    expect(champion).toMatchObject({ version: '1', run_id: idOf((await at.runs()).get('train')), status: 'READY' });
    expect(champion?.['description']).toContain('There was no champion');
    const id = String(champion?.['source']).replace('models:/', '');
    const logged = (await at.server.get(`mlflow/logged-models/${id}`))['model'];
    expect(logged?.['info']).toMatchObject({ status: 'LOGGED_MODEL_READY', source_run_id: idOf((await at.runs()).get('train')) });
    const files = listOf((await at.server.get(`mlflow/logged-models/${id}/artifacts/directories`))['files']).map(({ path }) =>
      String(path),
    );
    expect(files.sort()).toEqual(['config.json', 'model.safetensors']);

    const second = { form: 'json', digest: (await told.store.putJson([1, 2])).digest, bytes: 5 } as const;
    await registry.register(name, { artifact: second }, async () => ({ promote: false, by: 'rule', reason: '' }));
    await registry.setAlias(name, 'champion', '2', 'ann', '');
    await at.bringUp(told);
    expect(await versionAt('champion')).toMatchObject({ version: '2' });
    at.proxy.clear();
    await at.bringUp(told);
    expect(at.proxy.passed.map(({ path }) => path)).toEqual(['/version']);
  });

  test('a lost answer registers no version twice', async () => {
    const told = await at.begin();
    const model = await told.end();
    const name = `${at.names.pipeline}-model`;
    await openRegistry(told.ledger).register(name, { artifact: model }, async () => ({ promote: true, by: 'rule', reason: '' }));
    at.proxy.harm(({ path }) => (path.includes('model-versions/create') ? { answer: 'lost' } : undefined));
    await expect(at.bringUp(told)).rejects.toMatchObject({ code: 'TRACKER_UNREACHABLE' });
    at.proxy.clear();
    await at.bringUp(told);
    expect((await at.server.get(`mlflow/registered-models/alias?name=${name}&alias=champion`))['model_version']).toMatchObject({
      version: '1',
    });
  });

  test('a server without logged models (MLflow 2) keeps a model’s files with its run', async () => {
    const told = await at.begin();
    const model = await told.end();
    const name = `${at.names.pipeline}-model`;
    await openRegistry(told.ledger).register(name, { artifact: model }, async () => ({ promote: true, by: 'rule', reason: '' }));
    at.proxy.harm(({ path }) => (path.includes('logged-models') ? { status: 404, body: '<title>404 Not Found</title>' } : undefined));
    await at.bringUp(told);
    const champion = (await at.server.get(`mlflow/registered-models/alias?name=${name}&alias=champion`))['model_version'];
    expect(String(champion?.['source'])).toMatch(/^mlflow-artifacts:.*\/model$/);
    const files = listOf((await at.server.get(`mlflow/artifacts/list?run_id=${champion?.['run_id']}&path=model`))['files']);
    expect(files).toHaveLength(2);
  });
}
