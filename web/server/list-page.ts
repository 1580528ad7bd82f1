import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { renderPage } from '../report/frame.ts';
import { historyFolder } from '../report/history-page.ts';
import { html } from '../report/markup.ts';
import { duration, moment } from '../report/words.ts';
import { modelFile } from '../report/write-report.ts';

const listed = z.object({
  run: z.object({
    pipeline: z.string(),
    preset: z.string(),
    status: z.string(),
    startedAt: z.string(),
    seconds: z.number(),
    headline: z.string(),
  }),
});

/** All reports of a folder, newest first. Folders that hold none are passed over. */
export async function renderList(root: string): Promise<string> {
  const names = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(names.map(async (name) => ({ name, run: await readRun(join(root, name, modelFile)) })));
  const reports = found
    .flatMap(({ name, run }) => (run === undefined ? [] : [{ name, run }]))
    .sort((a, b) => b.run.startedAt.localeCompare(a.run.startedAt));
  const hasHistory = names.includes(historyFolder);
  const rows = reports.map(
    ({ name, run }) =>
      html`<tr><th scope="row"><a href="${encodeURIComponent(name)}/">${run.headline}</a><small>${run.pipeline} · ${run.preset}</small></th><td><span class="status ${run.status}">${run.status}</span></td><td>${moment(run.startedAt)}</td><td class="number">${duration(run.seconds)}</td></tr>`,
  );
  const table = html`<div class="scroll"><table><thead><tr><th scope="col">run</th><th scope="col">outcome</th><th scope="col">started</th><th scope="col" class="number">took</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  return renderPage({
    title: 'Reports',
    body: html`<div class="head"><h1>Reports</h1>${hasHistory && html`<p class="lead"><a href="${historyFolder}/">History of every measure</a></p>`}</div><section class="part" aria-label="All reports">${reports.length === 0 ? html`<p class="lead">No run has written a report yet. <code>npm start</code> makes the first.</p>` : table}</section>`,
  });
}

async function readRun(path: string): Promise<z.infer<typeof listed>['run'] | undefined> {
  try {
    return listed.safeParse(JSON.parse(await readFile(path, 'utf8'))).data?.run;
  } catch {
    return undefined;
  }
}
