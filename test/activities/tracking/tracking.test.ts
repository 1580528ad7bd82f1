import { describe } from 'vitest';
import { survivesFaults } from './suites/faults.ts';
import { tellsModels } from './suites/models.ts';
import { followsTheLedger } from './suites/publisher.ts';
import { tellsRuns } from './suites/runs.ts';
import { missing } from './support/mlflow-server.ts';
import { trackedHomes } from './support/tracked-home.ts';

// One file, because a server takes seconds to start.
describe.skipIf(missing !== undefined)(`tracking by a real MLflow server${missing === undefined ? '' : ` (${missing})`}`, () => {
  const at = trackedHomes();
  tellsRuns(at);
  tellsModels(at);
  survivesFaults(at);
  followsTheLedger(at);
});
