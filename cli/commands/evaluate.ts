import type { Command } from 'commander';
import { declareRequest, type RequestOptions, requestOf } from '../request.ts';
import type { RunOptions } from './run.ts';

export function declare(command: Command): void {
  declareRequest(command.argument('<systems...>', '[name=]folder, [name=]<run>:<node>, or [name=]digest'))
    .requiredOption('--against <originals>', 'the same, of the originals')
    .option('--detach', 'return as soon as the run has started')
    .option('--id <workflowId>', 'name of the run; default: pipeline, time and four digits')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto evaluate ours=generated/ other=diff-foley/ --against vggsound-test/
  sostenuto evaluate video-to-audio-20261123-101500-1f2e:velocity-samples --against video-to-audio-20261123-101500-1f2e:references
  sostenuto evaluate generated/ --against test/ --set networks.vggish=/weights/vggish.safetensors

Runs the pipeline evaluate. Sounds and originals belong together by their names without ending; MIDI, films and captions (.txt)
lie beside the originals. docs/evaluation.md says what is measured and what it needs.`,
    )
    .action(async (systems: string[], options: RequestOptions & RunOptions & { against: string }) => {
      const { projectHome } = await import('../session/project.ts');
      const { judgedSource, judgedSystems } = await import('../session/judged-source.ts');
      const home = await projectHome();
      const references = (await judgedSource(home, options.against)).source;
      const request = requestOf('evaluate', options);
      const settings = { ...Object(request.settings), references, systems: await judgedSystems(home, systems) };
      const { runAndWait } = await import('../session/run-and-wait.ts');
      process.exitCode = await runAndWait({ ...request, settings }, options);
    });
}
