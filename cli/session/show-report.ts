import { fromLedger } from '../../activities/client/from-ledger.ts';
import { workflowOf } from '../../activities/rows.ts';
import { openLedger } from '../../engine/ledger/ledger.ts';
import { openStore } from '../../engine/store/store.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { writeHistory } from '../../web/report/history-page.ts';
import { createReportWriter } from '../../web/report/report-writer.ts';
import { type ExitCode, exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { listenForInterrupts } from './interrupts.ts';
import { openProject } from './project.ts';
import { servePages } from './stay-up.ts';

interface ReportOptions {
  readonly json?: boolean;
  readonly serve?: boolean;
  readonly again?: boolean;
  readonly history?: boolean;
}

/** Prints where a run's report lies, writes it anew, or serves all reports. */
export async function showReport(workflowId: string | undefined, options: ReportOptions): Promise<ExitCode> {
  const project = await openProject();
  const { config, pipelines } = project;
  const { home } = config;
  const ledger = openLedger(home);
  const store = await openStore(home);
  if (options.history) {
    const history = await writeHistory(store, ledger, home);
    if (options.json) printJson({ history });
    else print(history);
    if (!options.serve) return exitCodes.done;
  }
  const wanted = workflowId ?? (await newestWithReport(ledger));
  if (wanted !== undefined) {
    const run = await fromLedger({ ledger, store }, wanted);
    if (run === undefined) throw noReport(wanted);
    const path = options.again ? await createReportWriter({ store, ledger, home, pipelines })({ run }) : run.report;
    if (path === null) throw noReport(wanted);
    if (options.json) printJson({ workflowId: wanted, report: path });
    else print(path);
  } else if (!options.serve) throw noReport('any run');
  if (options.serve) {
    const interrupts = listenForInterrupts();
    const web = await servePages(config);
    say(`All reports: ${web.url} (Ctrl-C ends)`);
    await interrupts.first;
    await web.close();
    interrupts.end();
  }
  return exitCodes.done;
}

async function newestWithReport(ledger: ReturnType<typeof openLedger>): Promise<string | undefined> {
  const [row] = await ledger.query('SELECT run FROM runs WHERE report IS NOT NULL ORDER BY startedAt DESC LIMIT 1');
  return row === undefined ? undefined : workflowOf(String(row['run']));
}

const noReport = (of: string): SostenutoError =>
  new SostenutoError({
    code: 'NO_REPORT',
    what: `There is no report of ${of}.`,
    where: of,
    hint: 'A report is written when a run ends; `sostenuto report <workflowId> --again` writes one anew.',
  });
