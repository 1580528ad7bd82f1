import type { Command } from 'commander';
import { collected, declareRequest, type RequestOptions, requestOf } from '../request.ts';
import type { RunOptions } from '../session/run-and-wait.ts';

export function declare(command: Command): void {
  const what = '[name=]folder, [name=]<run>:<node>, [name=]digest, or [name=]models:/<model>@<alias>, which is sampled anew';
  declareRequest(command.argument('<systems...>', what))
    .option('--against <originals>', 'folder, <run>:<node> or digest of the originals; models are judged by what they are sampled for')
    .option('--on <kind=folder>', 'sets to sample models for; default: the held-out clips of those that they were made with', collected)
    .option('--detach', 'return as soon as the run has started')
    .option('--id <workflowId>', 'name of the run; default: pipeline, time and four digits')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto evaluate ours=generated/ other=diff-foley/ --against vggsound-test/
  sostenuto evaluate video-to-audio-20261123-101500-1f2e:velocity-samples --against video-to-audio-20261123-101500-1f2e:references
  sostenuto evaluate generated/ --against test/ --set networks.vggish=/weights/vggish.safetensors
  sostenuto evaluate champion=models:/video-to-audio@champion --on vggsound=/data/VGGSound

Runs the pipeline evaluate. Sounds and originals belong together by their names without ending; MIDI, films and captions (.txt)
lie beside the originals. docs/evaluation.md says what is measured and what it needs.`,
    )
    .action(async (systems: string[], options: RequestOptions & RunOptions & { against?: string; on?: string[] }) => {
      const { projectHome } = await import('../session/project.ts');
      const { isModel, judgedModels, judgedSource, judgedSystems } = await import('../session/judged-source.ts');
      const { mergeDeep } = await import('../../engine/plan/settings.ts');
      const home = await projectHome();
      const request = requestOf('evaluate', options);
      const judged = {
        ...(options.against !== undefined && { references: (await judgedSource(home, options.against)).source }),
        systems: await judgedSystems(
          home,
          systems.filter((word) => !isModel(word)),
        ),
        ...judgedModels(systems.filter(isModel), options.on ?? []),
      };
      const { runAndWait } = await import('../session/run-and-wait.ts');
      process.exitCode = await runAndWait({ ...request, settings: Object(mergeDeep(judged, request.settings)) }, options);
    });
}
