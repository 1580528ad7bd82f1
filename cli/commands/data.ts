import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { SourceKind } from '../../datasets/sources/read-source.ts';
import { SostenutoError } from '../../errors/problem.ts';
import { duration, size } from '../display/words.ts';
import { exitCodes } from '../exit-code.ts';
import { print, printJson, say, tableLines } from '../output.ts';
import { wholeNumber } from '../request.ts';

export function declare(command: Command): void {
  command.command('sources').description('List the sources that can be read, and the files that each of them expects.').action(list);
  command
    .command('check')
    .description('Look at every file of a source: what is there, missing, doubled or broken.')
    .argument('<source>', 'vggsound, audiocaps, folder, … (`sostenuto data sources`)')
    .argument('<root>', 'its folder')
    .option('--all', 'list every clip that is left out')
    .option('--decode', 'decode every film and sound, too: finds damage in the middle of a file, in the time that a run takes for it')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto data check vggsound /data/VGGSound
  sostenuto data check folder my-clips --json

Exit code 3 if something has to be mended: broken files, malformed or doubled rows, refused paths, test clips that are trained on.
Media that are gone from a public set are counted only.`,
    )
    .action(check);
  command
    .command('preview')
    .description('Write a page with some of the clips: pictures, sounds, captions, notes.')
    .argument('<source>', 'as of check')
    .argument('<root>', 'its folder')
    .option('--out <folder>', 'where the page goes', 'data-preview')
    .option('--count <clips>', 'at most so many', wholeNumber, 24)
    .action(preview);
}

async function read(name: string, folder: string) {
  const { readSource, sourceKinds, withoutTestVideos } = await import('../../datasets/sources/read-source.ts');
  const { nearest } = await import('../../engine/plan/nearest.ts');
  const isKind = (text: string): text is SourceKind => sourceKinds.some((kind) => kind === text);
  if (!isKind(name)) {
    const close = nearest(name, sourceKinds);
    throw new SostenutoError({
      code: 'BAD_USAGE',
      what: 'There is no such source.',
      where: '<source>',
      found: name,
      expected: sourceKinds.join(', '),
      ...(close !== undefined && { hint: `Did you mean "${close}"?` }),
    });
  }
  const root = resolve(folder);
  // As a run takes them.
  const [clips] = withoutTestVideos([await readSource(name, root)]);
  return { root, clips: clips ?? { kind: name, entries: [], absent: [] } };
}

async function list(options: { json?: boolean }): Promise<void> {
  const { sources } = await import('../../datasets/sources/read-source.ts');
  const rows = Object.entries(sources).map(([source, { summary }]) => ({ source, summary }));
  if (options.json) return printJson({ sources: rows });
  for (const line of tableLines(['source', 'files'], rows.map(Object.values))) print(line);
}

async function check(source: string, folder: string, options: { json?: boolean; all?: boolean; decode?: boolean }): Promise<void> {
  const { checkSource } = await import('../../datasets/sources/check-source.ts');
  const { root, clips } = await read(source, folder);
  const report = await checkSource(clips, root, {
    decodes: options.decode,
    onProgress: (done, of) => {
      if (done % 1000 === 0) say(`${done} of ${of} files`);
    },
  });
  if (!report.isSound) process.exitCode = exitCodes.data;
  if (options.json) return printJson({ source, root, ...report });
  const splits = Object.entries(report.splits).filter(([, { clips: count, absent }]) => count + absent > 0);
  const rows = splits.map(([split, counted]) => [split, counted.clips, duration(counted.seconds), counted.absent]);
  for (const line of tableLines(['split', 'clips', 'length', 'left out'], rows)) print(line);
  const { shortest, median, longest, unknown } = report.lengths;
  print('');
  print(
    `clips     ${duration(shortest)} to ${duration(longest)}, half of them up to ${duration(median)}${unknown > 0 ? `; ${unknown} of unknown length` : ''}`,
  );
  print(`files     ${size(report.bytes)}`);
  for (const [reason, count] of Object.entries(report.reasons)) print(`left out  ${count} ${reason}`);
  const shown = options.all ? report.absent : report.absent.slice(0, 10);
  for (const { id, reason, detail } of shown) print(`  ${id}  ${reason}: ${detail}`);
  if (shown.length < report.absent.length) print(`  … ${report.absent.length - shown.length} more (--all)`);
  for (const { id, path, reason } of report.broken) print(`broken    ${id}  ${path}: ${reason}`);
  for (const ids of report.duplicates) print(`the same  ${ids.join(', ')}`);
  for (const ids of report.leaks) print(`leak      test and training have the same content: ${ids.join(', ')}`);
  say(report.isSound ? 'Nothing has to be mended.' : 'Something has to be mended.');
}

async function preview(source: string, folder: string, options: { json?: boolean; out: string; count: number }): Promise<void> {
  const { writeClipSheet } = await import('../../web/data/clip-sheet.ts');
  const { root, clips } = await read(source, folder);
  const { page, shown } = await writeClipSheet({ source, root, ...clips, count: options.count }, resolve(options.out));
  say(`${shown} of ${clips.entries.length} clips`);
  if (options.json) printJson({ page, shown, clips: clips.entries.length });
  else print(page);
}
