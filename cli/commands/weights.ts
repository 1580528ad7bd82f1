import { type Command, Option } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { declareSettings, type SettingsOptions } from '../request.ts';

interface PipelineOptions extends SettingsOptions {
  readonly pipeline?: 'video-to-audio' | 'evaluate';
}
const ofPipeline = () => new Option('--pipeline <name>', 'whose settings these are').choices(['video-to-audio', 'evaluate']);

export function declare(command: Command): void {
  declareSettings(command.command('list').description('What runs need of other people’s weights: where they lie, and what is missing.'))
    .addOption(ofPipeline())
    .option('--verify', 'read the files, and compare their digests with those that were fetched')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights list
  sostenuto weights list --preset paper --set encoders.image=/models/clip --json
  sostenuto weights list --pipeline evaluate --set networks.clap=/models/clap

Without a preset: the encoders of every preset of video-to-audio, and the networks of evaluate, where each is of use but none is needed.
Exit code 1 if something is missing or wrong that a setting names.`,
    )
    .action(async (options: PipelineOptions & { verify?: boolean; json?: boolean }) => {
      const { listNetworks, listWeights } = await import('../session/encoder-weights.ts');
      const { needLines, networkLines } = await import('../weights/lines.ts');
      const { pipeline, preset, set } = options;
      const isAll = pipeline === undefined && preset === undefined && set === undefined;
      const verify = options.verify === true;
      const presets = pipeline === 'evaluate' ? [] : await listWeights(options, verify);
      const networks = pipeline === 'evaluate' || isAll ? await listNetworks(options, verify) : [];
      if (options.json) printJson({ presets, networks });
      else for (const line of [...presets.flatMap(needLines), ...(networks.length > 0 ? networkLines(networks) : [])]) print(line);
      const statuses = [...presets.flatMap(({ needs }) => needs), ...networks].map(({ status }) => status);
      process.exitCode = statuses.some((status) => status === 'missing' || status === 'wrong') ? exitCodes.failed : exitCodes.done;
    });
  declareSettings(command.command('fetch').description('Download the published encoders that a run needs, and check their digests.'))
    .addOption(ofPipeline())
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights fetch
  sostenuto weights fetch --preset demo --set encoders.text=flan-t5-small
  sostenuto weights fetch --pipeline evaluate

Without a preset: those of the preset paper. Networks of evaluate that no hub has are named with their address and their place. They go into the folder weights of the home. What was interrupted goes on from there. HF_ENDPOINT names a mirror. Where the hub
cannot be reached, every file is named with its address and its place.`,
    )
    .action(async (options: PipelineOptions & { json?: boolean }) => {
      const { fetchNetworks, fetchWeights } = await import('../session/encoder-weights.ts');
      const { bytesText, networkLines } = await import('../weights/lines.ts');
      let current = { name: '', bytes: 1, told: Date.now() };
      const brought = {
        onFile: (encoder: string, { name, bytes }: { name: string; bytes: number }) => {
          current = { name: `${encoder}/${name}`, bytes, told: Date.now() };
          say(`${current.name}: ${bytesText(bytes)}`);
        },
        download: {
          progress: (bytes: number) => {
            if (Date.now() - current.told < 5000) return;
            current.told = Date.now();
            say(`${current.name}: ${Math.floor((100 * bytes) / current.bytes)} %`);
          },
        },
      };
      const { fetched, byHand } =
        options.pipeline === 'evaluate'
          ? await fetchNetworks({ ...options, ...brought })
          : { fetched: await fetchWeights({ ...options, preset: options.preset ?? 'paper', ...brought }), byHand: [] };
      if (byHand.length > 0 && !options.json) for (const line of networkLines(byHand)) print(line);
      if (options.json) printJson({ fetched, ...(options.pipeline === 'evaluate' && { byHand }) });
      else if (fetched.length === 0) say(byHand.length === 0 ? 'nothing is missing' : 'nothing was to be fetched');
      else for (const { encoder, folder, licence } of fetched) print(`${encoder}  ${folder}  (${licence})`);
    });
  declareSettings(
    command
      .command('import')
      .description('Take weights with the released names in, so that a run can start from them.')
      .argument('<file>', 'safetensors, as the authors’ code names its modules'),
    'paper',
  )
    .requiredOption('--stage <node>', 'what they are the weights of: joint, velocity, preferred, roll-predictor-binary, …')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights import base.safetensors --stage joint
  sostenuto run video-to-audio --preset paper --set weights.joint=<digest> --set joint.steps=0

Names and shapes must be those of the preset's network; what differs is told at once. Prints the setting that starts from it.`,
    )
    .action(async (file: string, options: SettingsOptions & { stage: string; json?: boolean }) => {
      const { importWeights } = await import('../session/weights.ts');
      const { artifact, parameters, leftOut, stage, preset } = await importWeights(file, options);
      for (const [what, tensors] of leftOut) say(`left out: ${tensors} tensors of ${what}`);
      const setting = `weights.${stage}=${artifact.digest}`;
      say(
        `${(parameters / 1e6).toFixed(1)} million weights. Start from them: sostenuto run video-to-audio --preset ${preset} --set ${setting}`,
      );
      if (options.json) printJson({ stage, preset, parameters, artifact, setting, leftOut: Object.fromEntries(leftOut) });
      else print(setting);
    });
  command
    .command('export')
    .description('Write the weights of a trained model with the released names.')
    .argument('<model>', '<run>:<node>, or the digest of a model')
    .argument('<file>', 'safetensors to write')
    .addHelpText('after', '\nExample:\n  sostenuto weights export video-to-audio-20261123-101500-1f2e:preferred preferred.safetensors')
    .action(async (model: string, file: string, options: { json?: boolean }) => {
      const { exportWeights } = await import('../session/weights.ts');
      const { digest, parameters } = await exportWeights(model, file);
      say(`${(parameters / 1e6).toFixed(1)} million weights of ${digest.slice(0, 12)}`);
      if (options.json) printJson({ file, digest, parameters });
      else print(file);
    });
}
