import type { Command } from 'commander';
import { exitCodes } from '../exit-code.ts';
import { print, printJson, say } from '../output.ts';
import { declareSettings, type SettingsOptions } from '../request.ts';

export function declare(command: Command): void {
  declareSettings(command.command('list').description('What a run needs of encoders’ weights: where they lie, and what is missing.'))
    .option('--verify', 'read the files, and compare their digests with those that were fetched')
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights list
  sostenuto weights list --preset paper --set encoders.image=/models/clip --json

Without a preset: of every preset. Exit code 1 if something is missing or wrong.`,
    )
    .action(async (options: SettingsOptions & { verify?: boolean; json?: boolean }) => {
      const { listWeights } = await import('../session/encoder-weights.ts');
      const { needLines } = await import('../weights/lines.ts');
      const listed = await listWeights(options, options.verify === true);
      if (options.json) printJson({ presets: listed });
      else for (const line of listed.flatMap(needLines)) print(line);
      const isComplete = listed.every(({ needs }) => needs.every(({ status }) => status === 'there' || status === 'built in'));
      process.exitCode = isComplete ? exitCodes.done : exitCodes.failed;
    });
  declareSettings(
    command.command('fetch').description('Download the published encoders that a run needs, and check their digests.'),
    'paper',
  )
    .addHelpText(
      'after',
      `
Examples:
  sostenuto weights fetch
  sostenuto weights fetch --preset demo --set encoders.text=flan-t5-small

They go into the folder weights of the home. What was interrupted goes on from there. HF_ENDPOINT names a mirror. Where the hub
cannot be reached, every file is named with its address and its place.`,
    )
    .action(async (options: SettingsOptions & { json?: boolean }) => {
      const { fetchWeights } = await import('../session/encoder-weights.ts');
      const { bytesText } = await import('../weights/lines.ts');
      let current = { name: '', bytes: 1, told: Date.now() };
      const fetched = await fetchWeights({
        ...options,
        onFile: (encoder, { name, bytes }) => {
          current = { name: `${encoder}/${name}`, bytes, told: Date.now() };
          say(`${current.name}: ${bytesText(bytes)}`);
        },
        download: {
          progress: (bytes) => {
            if (Date.now() - current.told < 5000) return;
            current.told = Date.now();
            say(`${current.name}: ${Math.floor((100 * bytes) / current.bytes)} %`);
          },
        },
      });
      if (options.json) printJson({ fetched });
      else if (fetched.length === 0) say('nothing is missing');
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
