import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pipeline } from '../../engine/define/pipeline.ts';
import type { RunBegin } from '../../engine/history/measured-runs.ts';
import type { Ledger } from '../../engine/ledger/ledger.ts';
import { type Plan, planPipeline } from '../../engine/plan/plan.ts';
import type { Store } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { buildReportModel } from './build-model.ts';
import { type FinishedRun, ledgerName } from './finished-run.ts';
import { slug } from './words.ts';
import { writeReport } from './write-report.ts';

export interface ReportWriterOptions {
  readonly store: Store;
  readonly ledger: Pick<Ledger, 'query' | 'isEmpty'>;
  /** Reports lie in `<home>/reports`. */
  readonly home: string;
  /** Needed for runs whose plan isn't handed over: they are planned again from the ledger's settings. */
  readonly pipelines?: ReadonlyMap<string, Pipeline>;
  /** Default: the server noted in `<home>/server.json`. */
  readonly temporalUi?: (run: FinishedRun) => string | undefined;
}

/** Makes the function that writes the report of a finished run and returns the path of its page. */
export function createReportWriter(
  options: ReportWriterOptions,
): (request: { readonly run: FinishedRun; readonly plan?: Plan; readonly begin?: RunBegin }) => Promise<string> {
  const { store, ledger, home } = options;
  return async ({ run, plan, begin }) => {
    const temporalUi = options.temporalUi === undefined ? await localUi(home, run) : options.temporalUi(run);
    const { model, media } = await buildReportModel({
      store,
      ledger,
      run,
      plan: plan ?? (await planAgain(options, run)),
      ...(begin === undefined ? {} : { begin }),
      ...(temporalUi === undefined ? {} : { temporalUi }),
    });
    return await writeReport(model, media, reportDirectory(home, run));
  };
}

/** Run ids begin with the time, so their last digits tell runs of the same name apart. */
export const reportDirectory = (home: string, { workflowId, runId }: Pick<FinishedRun, 'workflowId' | 'runId'>): string =>
  join(home, 'reports', `${slug(workflowId).slice(0, 120)}-${slug(runId).slice(-8)}`);

async function planAgain({ ledger, pipelines }: ReportWriterOptions, run: FinishedRun): Promise<Plan> {
  const pipeline = pipelines?.get(run.pipeline);
  const [row] = await ledger.query('SELECT preset, settings FROM runs WHERE run = $1', [ledgerName(run)]);
  if (pipeline === undefined || row === undefined) {
    throw new SostenutoError({
      code: 'NO_PLAN',
      what: `The plan of run "${run.workflowId}" is not known.`,
      where: ledgerName(run),
      expected: `pipeline "${run.pipeline}" and a row in the ledger's table of runs`,
    });
  }
  const { preset, settings } = row;
  return planPipeline(pipeline, {
    ...(typeof preset === 'string' && preset !== '' ? { preset } : {}),
    ...(typeof settings === 'string' ? { settings: JSON.parse(settings) } : {}),
  });
}

async function localUi(home: string, { workflowId, runId }: FinishedRun): Promise<string | undefined> {
  try {
    const server: { uiPort?: unknown } = JSON.parse(await readFile(join(home, 'server.json'), 'utf8'));
    if (typeof server.uiPort !== 'number') return undefined;
    return `http://127.0.0.1:${server.uiPort}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}`;
  } catch {
    return undefined;
  }
}
