import { SostenutoError } from '../../errors/problem.ts';
import type { Config } from '../config/config.ts';
import { loadPipelines } from '../config/load.ts';
import { exitCodes } from '../exit-code.ts';
import { print, printJson } from '../output.ts';
import type { SettingsOptions } from '../request.ts';
import { checkBackend } from './backend.ts';
import { type Check, checkLines, guarded } from './check.ts';
import { checkDisk, checkStore, checkWeights } from './data.ts';
import { checkEncoders } from './encoders.ts';
import { checkFfmpeg, checkNode, checkPackages, checkProtobuf, checkSetup } from './machine.ts';
import { checkServer } from './server.ts';
import { checkTracker } from './tracker.ts';

/** Everything that a run needs, in the order in which it would be missed. */
export async function examine(config: Config, settings: SettingsOptions = {}): Promise<readonly Check[]> {
  const { home, packageRoot, tools, backend } = config;
  const results = await Promise.all([
    guarded('Node', () => checkNode(process.version)),
    guarded('npm packages', () => checkPackages(packageRoot)),
    guarded('protobufjs', () => checkProtobuf(packageRoot)),
    guarded('set-up', () => checkSetup(tools)),
    guarded('ffmpeg', () => checkFfmpeg()),
    guarded('TensorFlow', () => checkBackend(backend)),
    guarded('Temporal', () => checkServer(config)),
    guarded('store', () => checkStore(home)),
    guarded('free disk', () => checkDisk(home)),
    guarded('weights', () => checkWeights(packageRoot)),
    guarded('encoders', () => checkEncoders(config, settings)),
    guarded('MLflow', () => checkTracker(config.tracking)),
    guarded('pipelines', () => checkPipelines(config)),
  ]);
  return results.flat();
}

async function checkPipelines(config: Config): Promise<Check> {
  try {
    const pipelines = await loadPipelines(config);
    return { name: 'pipelines', status: 'ok', found: `${[...pipelines.keys()].join(', ')} (${config.file})` };
  } catch (error) {
    if (!(error instanceof SostenutoError)) throw error;
    const [problem] = error.problems;
    return {
      name: 'pipelines',
      status: 'fail',
      found: [problem?.what, problem?.found].filter(Boolean).join(' '),
      fix: `correct ${config.file} or the module`,
    };
  }
}

/** Prints the checks. @returns the exit code: 0, or 1 if a run could not work */
export async function runDoctor(config: Config, { json, ...settings }: SettingsOptions & { readonly json: boolean }): Promise<number> {
  const checks = await examine(config, settings);
  const ok = checks.every(({ status }) => status !== 'fail');
  if (json)
    printJson({
      ok,
      home: config.home,
      checks: checks.map(({ fix, ...check }) => (check.status === 'ok' || !fix ? check : { ...check, fix })),
    });
  else for (const line of checkLines(checks)) print(line);
  return ok ? exitCodes.done : exitCodes.failed;
}
